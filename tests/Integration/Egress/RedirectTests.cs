using System.Collections.Concurrent;
using System.Text;
using Microservices.Egress;

namespace Microservices.Tests.Integration.Egress;

/// <summary>A redirect is an answer; where a request asks for more, each is checked as the first address was.</summary>
public sealed class RedirectTests : IAsyncLifetime, IDisposable
{
    private readonly ConcurrentQueue<string> requests = [];
    private readonly EgressUnderTest egress = new();
    private readonly RawServer server;
    private RawServer trap = null!;

    // Redirects from /to?there to there.
    public RedirectTests() => server = new(async (stream, token) =>
    {
        while (await RawServer.ReadRequestAsync(stream, token) is { } request)
        {
            requests.Enqueue(request);
            var path = request.Split(' ')[1];
            await stream.WriteAsync(Encoding.ASCII.GetBytes(path.StartsWith("/to?", StringComparison.Ordinal)
                ? $"HTTP/1.1 302 Found\r\nLocation: {Uri.UnescapeDataString(path[4..])}\r\nContent-Length: 0\r\n\r\n"
                : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"), token);
        }
    });

    private string Shop => $"http://shop.test:{server.Port}";

    public Task InitializeAsync()
    {
        trap = RawServer.Trap("127.0.0.1", server.Port);
        egress.Names.Addresses["inside.test"] = ["127.0.0.1"];
        return Task.CompletedTask;
    }

    public void Dispose() => egress.Dispose();

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        await trap.DisposeAsync();
    }

    [Fact]
    public async Task A_redirect_is_the_answer_unless_it_is_to_be_followed()
    {
        var answer = await egress.GetAsync($"{Shop}/to?{Shop}/there");

        Assert.Equal((EgressOutcome.Answered, 302, $"{Shop}/there"), (answer.Outcome, answer.Status, answer.Location?.AbsoluteUri));
        Assert.Single(requests);
    }

    [Fact]
    public async Task No_redirect_leads_to_an_address_that_is_not_allowed()
    {
        foreach (var to in (string[])[$"http://127.0.0.1:{server.Port}/", $"http://inside.test:{server.Port}/", $"//inside.test:{server.Port}/x", $"http://0x7f.1:{server.Port}/", $"http://[::ffff:127.0.0.1]:{server.Port}/",
            $"http://user@127.0.0.1:{server.Port}/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://shop.test:22/", $"{Shop}/to?http://inside.test:{server.Port}/", $"http://127.0.0.1:{server.Port}/#x"])
        {
            var answer = await egress.GetAsync($"{Shop}/to?{Uri.EscapeDataString(to)}", 5);
            Assert.Equal((to, EgressOutcome.Refused), (to, answer.Outcome));
        }

        Assert.Equal(0, trap.Accepted);
    }

    [Fact]
    public async Task Redirects_are_followed_as_often_as_was_asked_for()
    {
        var twice = $"{Shop}/to?{Shop}/to?/there";

        Assert.Equal((200, $"{Shop}/there"), Seen(await egress.GetAsync(twice, 2)));
        Assert.Equal((302, $"{Shop}/to?/there"), Seen(await egress.GetAsync(twice, 1)));
    }

    [Fact]
    public async Task Another_origin_gets_none_of_the_headers()
    {
        var request = new EgressRequest(HttpMethod.Get, new Uri($"{Shop}/to?/to?http://other.test:{server.Port}/there")) { MaxRedirects = 2, Headers = [new("Authorization", "Bearer secret"), new("x-key", "secret")] };

        Assert.Equal(200, (await egress.Egress.SendAsync(request, default)).Status);

        Assert.Equal([true, true, false], requests.Select(sent => sent.Contains("secret", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_changes_something_is_not_sent_elsewhere()
    {
        var answer = await egress.Egress.SendAsync(new(HttpMethod.Post, new Uri($"{Shop}/to?/there")) { MaxRedirects = 2 }, default);

        Assert.Equal(302, answer.Status);
        Assert.Single(requests);
    }

    private static (int? Status, string Address) Seen(EgressAnswer answer) => (answer.Status, answer.Address.AbsoluteUri);
}
