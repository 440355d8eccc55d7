using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Gateway;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Many strangers who send to <c>/in/</c> slowly, or never to the end, with a good sender beside.</summary>
public sealed class SlowSendersTests(HooksGateway hooks) : IClassFixture<HooksGateway>
{
    private const string Stranger = "127.0.0.2";

    [Fact]
    public async Task Bodies_that_come_a_byte_at_a_time_take_what_has_come_and_end_after_the_time_for_a_request()
    {
        const int Many = 500;
        await using var gateway = hooks.AnotherGateway(("Gateway:DefaultTimeout", "00:00:03"));
        var bodies = gateway.Services.GetRequiredService<RequestBodies>();
        using var strangers = new Sockets();
        var answers = new List<Task<string>>();
        for (var i = 0; i < Many; i++)
            answers.Add(DripAsync(await strangers.OpenAsync(gateway), $"POST /in/nothing{i} HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"));
        await Eventually.UntilAsync(() => bodies.Taken > 0, "bodies are arriving");

        await SendWellAsync(gateway, 20);

        // Of a body that would be 48 KiB about as much as has come.
        Assert.InRange(bodies.Taken, 0, Many * 2_048);
        Assert.All(await Task.WhenAll(answers), answer => Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal));
        await Eventually.UntilAsync(() => bodies.Taken == 0, "nothing is held");
    }

    [Fact]
    public async Task Bodies_that_lack_their_end_take_no_more_than_all_may_and_a_sender_elsewhere_finds_room()
    {
        const int Many = 600;
        const long All = 16 << 20;
        await using var gateway = hooks.AnotherGateway(("Gateway:DefaultTimeout", "00:01:00"));
        var bodies = gateway.Services.GetRequiredService<RequestBodies>();
        using var strangers = new Sockets();
        var head = "POST /in/nothingI HTTP/1.1\r\nHost: gateway\r\nContent-Length: 49152\r\n\r\n";
        var most = 0L;
        for (var i = 0; i < Many; i++)
        {
            await SendAsync(await strangers.OpenAsync(gateway), head.Replace("I", $"{i}", StringComparison.Ordinal) + new string('a', 40 << 10));
            most = Math.Max(most, bodies.Taken);
        }

        await Eventually.UntilAsync(() => (most = Math.Max(most, bodies.Taken)) > All / 2, "bodies are arriving");
        await SendWellAsync(gateway, 20);

        Assert.InRange(Math.Max(most, bodies.Taken), All / 2, All);
    }

    [Fact]
    public async Task Headers_that_come_a_byte_at_a_time_end_after_ten_seconds()
    {
        using var strangers = new Sockets();
        var answers = new List<Task<string>>();
        for (var i = 0; i < 100; i++)
            answers.Add(DripAsync(await strangers.OpenAsync(hooks.Gateway), "POST /in/nothing HTTP/1.1\r\nHost: gateway\r\nX: ", "a"));
        await SendWellAsync(hooks.Gateway, 20);

        // The server's own bound is 30 s.
        Assert.All(await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(25)), answer => Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), answer));
    }

    /// <summary>A good sender sends so many, and all of them are taken.</summary>
    private async Task SendWellAsync(GatewayFactory gateway, int count)
    {
        var created = await hooks.Sources.CreateSourceAsync(new() { OwnerId = $"ada-{Guid.NewGuid():n}", Kind = SourceKind.Github });
        var sender = new Sender(SourceKind.Github, created.Secret);
        var body = new byte[40 << 10];
        using var client = new HttpClient { BaseAddress = gateway.RestAddress };
        for (var i = 0; i < count; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/in/{created.Source.SourceId}") { Content = new ByteArrayContent(body) };
            foreach (var (name, value) in sender.Sign(body, $"{i}"))
            {
                if (!request.Headers.TryAddWithoutValidation(name, value))
                    request.Content.Headers.TryAddWithoutValidation(name, value);
            }

            using var answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }
    }

    /// <summary>Sends the beginning, and then some more whenever the other side may have read it, until it answers or closes; what it answers.</summary>
    private static async Task<string> DripAsync(Socket socket, string begin, string more)
    {
        var buffer = new byte[4_096];
        var answer = socket.ReceiveAsync(buffer);
        try
        {
            await SendAsync(socket, begin);
            await Eventually.UntilAsync(async () =>
            {
                if (!answer.IsCompleted)
                    await SendAsync(socket, more);
                return answer.IsCompleted;
            }, "it is answered");
            return Encoding.ASCII.GetString(buffer, 0, await answer);
        }
        catch (SocketException) when (answer.IsCompletedSuccessfully)
        {
            return Encoding.ASCII.GetString(buffer, 0, await answer);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task SendAsync(Socket socket, string text)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(text));
        }
        catch (SocketException)
        {
            // It was cut off.
        }
    }

    /// <summary>Connections from another address of this machine.</summary>
    private sealed class Sockets : IDisposable
    {
        private readonly List<Socket> all = [];

        public async Task<Socket> OpenAsync(GatewayFactory gateway)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            all.Add(socket);
            socket.Bind(new IPEndPoint(IPAddress.Parse(Stranger), 0));
            await socket.ConnectAsync(gateway.RestAddress.Host, gateway.RestAddress.Port);
            return socket;
        }

        public void Dispose() => all.ForEach(socket => socket.Dispose());
    }
}
