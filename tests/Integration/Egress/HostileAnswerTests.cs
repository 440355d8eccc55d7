using System.Net.Sockets;
using System.Text;
using Microservices.Egress;
using Microservices.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Integration.Egress;

/// <summary>What a stranger's server may do: each is an outcome, within its bounds.</summary>
public sealed class HostileAnswerTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task A_good_answer_has_its_status_headers_and_body()
    {
        await using var server = RawServer.Answering("HTTP/1.1 418 No\r\nContent-Type: text/plain; charset=x\r\nETag: W/\"1\"\r\nLocation: /there?x=1\r\nRetry-After: 7\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\ngood");
        using var egress = new EgressUnderTest();

        var answer = await egress.GetAsync($"http://shop.test:{server.Port}/here");

        Assert.Equal((EgressOutcome.Answered, 418, "text/plain; charset=x", "W/\"1\""), (answer.Outcome, answer.Status, answer.ContentType, answer.ETag));
        Assert.Equal(($"http://shop.test:{server.Port}/there?x=1", TimeSpan.FromSeconds(7)), (answer.Location!.AbsoluteUri, answer.RetryAfter));
        Assert.Equal(("good", false), (Encoding.ASCII.GetString(answer.Body.Span), answer.IsBodyCut));
        Assert.True(answer.Elapsed > TimeSpan.Zero);
    }

    [Fact]
    public async Task A_request_arrives_as_it_was_given_with_nothing_added_that_tells_of_others()
    {
        var seen = new TaskCompletionSource<string>();
        await using var server = new RawServer(async (stream, token) =>
        {
            var headers = (await RawServer.ReadRequestAsync(stream, token))!;
            var body = new byte[5];
            await stream.ReadExactlyAsync(body, token);
            seen.SetResult(headers + Encoding.ASCII.GetString(body));
            await stream.WriteAsync("HTTP/1.1 204 No\r\nSet-Cookie: a=b\r\n\r\n"u8.ToArray(), token);
        });
        using var egress = new EgressUnderTest();

        var answer = await egress.Egress.SendAsync(
            new(HttpMethod.Post, new Uri($"http://shop.test:{server.Port}/hook?a=1")) { Headers = [new("Content-Type", "application/json"), new("webhook-id", "m1")], Body = "hello"u8.ToArray() }, default);

        Assert.Equal((EgressOutcome.Answered, 204), (answer.Outcome, answer.Status));
        string[] lines = [.. (await seen.Task).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
        Assert.Equal(["Accept-Encoding: gzip, deflate", "Content-Length: 5", "Content-Type: application/json", $"Host: shop.test:{server.Port}", "POST /hook?a=1 HTTP/1.1", "hello", "webhook-id: m1"], lines);
    }

    [Theory]
    [InlineData("Host", "other.test", typeof(ArgumentException))]
    [InlineData("transfer-encoding", "chunked", typeof(ArgumentException))]
    [InlineData("x", "a\r\nHost: other.test", typeof(FormatException))]
    [InlineData("x y", "a", typeof(FormatException))]
    public async Task A_header_that_would_change_the_request_itself_is_the_callers_error(string name, string value, Type error)
    {
        using var egress = new EgressUnderTest();

        await Assert.ThrowsAsync(error, () => egress.Egress.SendAsync(new(HttpMethod.Get, new Uri("http://shop.test/")) { Headers = [new(name, value)] }, default));

        Assert.Equal(0, egress.Names.Lookups);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: ")]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\n")]
    public async Task Headers_that_do_not_come_to_an_end_time_out(string sent)
    {
        await using var server = RawServer.Stalling(sent);
        using var egress = new EgressUnderTest(options => options.HeadersTimeout = Short);

        var answer = await egress.GetAsync($"http://slow.test:{server.Port}/");

        Assert.Equal((EgressOutcome.TimedOut, null), (answer.Outcome, answer.Status));
        Assert.True(answer.Elapsed > TimeSpan.Zero);
    }

    [Fact]
    public async Task Headers_that_drip_for_ever_time_out()
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await RawServer.ReadRequestAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nX: "u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync("x"u8.ToArray(), token);
                await Task.Delay(5, token);
            }
        });
        using var egress = new EgressUnderTest(options => options.HeadersTimeout = Short);

        Assert.Equal(EgressOutcome.TimedOut, (await egress.GetAsync($"http://slow.test:{server.Port}/")).Outcome);
    }

    [Theory]
    [InlineData(EgressOutcome.ProtocolError, "")]
    [InlineData(EgressOutcome.ProtocolError, "HTTP/1.1 200 OK\r\nContent-Len")]
    [InlineData(EgressOutcome.ProtocolError, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")]
    [InlineData(EgressOutcome.ProtocolError, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nsome")]
    [InlineData(EgressOutcome.ProtocolError, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n")]
    [InlineData(EgressOutcome.ProtocolError, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nthis is no gzip")]
    [InlineData(EgressOutcome.ProtocolError, "SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData(EgressOutcome.ProtocolError, "HTTP/1.1 9999 OK\r\n\r\n")]
    public async Task What_is_not_HTTP_or_breaks_off_is_told(EgressOutcome outcome, string sent)
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await RawServer.ReadRequestAsync(stream, token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(sent), token);
        });
        using var egress = new EgressUnderTest();

        Assert.Equal(outcome, (await egress.GetAsync($"http://broken.test:{server.Port}/")).Outcome);
    }

    [Theory]
    [InlineData(1, 20_000)]
    [InlineData(2_000, 20)]
    public async Task Headers_that_are_too_large_are_told(int headers, int length)
    {
        await using var server = RawServer.Answering($"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Range(0, headers).Select(i => $"X{i}: {new string('x', length)}\r\n"))}Content-Length: 0\r\n\r\n");
        using var egress = new EgressUnderTest();

        Assert.Equal(EgressOutcome.TooLarge, (await egress.GetAsync($"http://large.test:{server.Port}/")).Outcome);
    }

    [Fact]
    public async Task Where_nobody_listens_where_no_name_leads_and_what_is_cancelled_is_told()
    {
        await using var server = RawServer.Stalling("");
        using var egress = new EgressUnderTest();
        egress.Names.Addresses["nowhere.test"] = [];
        using var cancel = new CancellationTokenSource();

        Assert.Equal(EgressOutcome.ConnectFailed, (await egress.GetAsync($"http://closed.test:{Eventually.FreePort()}/")).Outcome);
        Assert.Equal(EgressOutcome.NameNotFound, (await egress.GetAsync($"http://nowhere.test:{server.Port}/")).Outcome);
        var waiting = egress.GetAsync($"http://slow.test:{server.Port}/", cancellationToken: cancel.Token);
        await Eventually.UntilAsync(() => server.Accepted == 1, "it has arrived");
        await cancel.CancelAsync();
        Assert.Equal(EgressOutcome.Cancelled, (await waiting).Outcome);
    }

    [Fact]
    public async Task A_connection_that_is_not_accepted_is_given_up_and_the_next_address_is_tried()
    {
        await using var server = RawServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        // Its queue is full, and so a connection gets no answer.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse("127.0.0.3"), server.Port));
        full.Listen(0);
        using var first = new TcpClient();
        await first.ConnectAsync("127.0.0.3", server.Port);
        using var egress = new EgressUnderTest(options =>
        {
            options.ConnectTimeout = TimeSpan.FromSeconds(1);
            options.AllowedNetworks.Add("127.0.0.3/32");
        });
        (egress.Names.Addresses["dead.test"], egress.Names.Addresses["half.test"]) = (["127.0.0.3"], ["127.0.0.3", "127.0.0.2"]);

        Assert.Equal(EgressOutcome.ConnectFailed, (await egress.GetAsync($"http://dead.test:{server.Port}/")).Outcome);
        Assert.Equal(EgressOutcome.Answered, (await egress.GetAsync($"http://half.test:{server.Port}/")).Outcome);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("0", 0)]
    [InlineData("86401", 86_400)]
    [InlineData("2147483647", 86_400)]
    [InlineData("Mon, 01 Jan 2024 00:01:30 GMT", 90)]
    [InlineData("Monday, 01-Jan-24 00:01:30 GMT", 90)]
    [InlineData("Mon Jan  1 00:01:30 2024", 90)]
    [InlineData("Sun, 31 Dec 2023 23:59:00 GMT", 0)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 86_400)]
    [InlineData("-5", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    public async Task Retry_after_is_read_as_seconds_or_a_date_within_bounds(string value, int? seconds)
    {
        await using var server = RawServer.Answering($"HTTP/1.1 429 No\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");
        using var egress = new EgressUnderTest(time: new FakeTimeProvider(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero)));

        var answer = await egress.GetAsync($"http://busy.test:{server.Port}/");

        Assert.Equal((429, seconds), (answer.Status, (int?)answer.RetryAfter?.TotalSeconds));
    }
}
