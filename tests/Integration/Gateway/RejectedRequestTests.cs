using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>What the server itself refuses, since it is no HTTP, too much of it, or for nothing that there is, is answered by a problem as everything else is.</summary>
public sealed class RejectedRequestTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly string Good = $"GET /v1/users/ada HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Tokens.Authority.Operator()}\r\n\r\n";

    [Theory]
    [InlineData("nonsense\r\n\r\n", 400, "bad-request")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n", 400, "bad-request")]
    [InlineData("GET /v1/users/ada HTTP/1.1\r\n\r\n", 400, "bad-request")]
    [InlineData("GET /v1/users/ada HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad-request")]
    [InlineData("GET /v1/users/ada HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400, "bad-request")]
    [InlineData("GET /v1/users/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad-request")]
    [InlineData("POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, "bad-request")]
    [InlineData("GET /v1/users/ada HTTP/9.9\r\nHost: localhost\r\n\r\n", 505, "bad-request")]
    public async Task Broken_HTTP_is_a_problem(string request, int status, string type) => CheckProblem(await SendAsync(request), status, type);

    [Theory]
    [InlineData(70_000, 1, 1, 414, "uri-too-long")]
    [InlineData(1_000_000, 1, 1, 414, "uri-too-long")]
    [InlineData(1, 1, 140_000, 431, "headers-too-large")]
    [InlineData(1, 20, 100_000, 431, "headers-too-large")]
    [InlineData(1, 1_100, 1, 431, "headers-too-large")]
    public async Task A_line_and_headers_beyond_what_the_server_takes_are_a_problem(int query, int headers, int bytes, int status, string type)
    {
        var request = new StringBuilder($"GET /v1/users/ada?q={new string('x', query)} HTTP/1.1\r\nHost: localhost\r\n");
        for (var i = 0; i < headers; i++)
            request.Append($"X-{i}: {new string('x', bytes)}\r\n");
        CheckProblem(await SendAsync(request.Append("\r\n").ToString()), status, type);
    }

    [Theory]
    [InlineData(9_000, 1, 0, 414, "uri-too-long")]
    [InlineData(60_000, 1, 0, 414, "uri-too-long")]
    [InlineData(10, 1, 33_000, 431, "headers-too-large")]
    [InlineData(10, 1, 120_000, 431, "headers-too-large")]
    [InlineData(10, 120, 1, 431, "headers-too-large")]
    [InlineData(10, 900, 10, 431, "headers-too-large")]
    [InlineData(7_000, 60, 200, 200, null)]
    public async Task A_request_whose_line_or_headers_are_too_long_is_told_so(int query, int headers, int bytes, int status, string? type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/users/ada?q=" + new string('x', query));
        for (var i = 0; i < headers; i++)
            request.Headers.TryAddWithoutValidation($"X-{i}", new string('x', bytes));
        var response = await gateway.Rest.SendAsync(request);
        if (type is null)
            Assert.Equal(status, (int)response.StatusCode);
        else
            Assert.Equal("/problems/" + type, (await response.ProblemAsync(status)).Text("type"));
    }

    [Theory]
    [InlineData("GET", "/v2/users", 404)]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("POST", "/v1/nothing", 404)]
    [InlineData("DELETE", "/v1/users", 405)]
    [InlineData("PUT", "/v1/users/ada", 405)]
    [InlineData("POST", "/v1/users/ada/overview", 405)]
    [InlineData("GET", "/health/ready", 404)]
    [InlineData("GET", "/openapi/v2.json", 404)]
    [InlineData("GET", "/openapi/v1.yaml", 404)]
    [InlineData("POST", "/openapi/v1.json", 405)]
    [InlineData("POST", "/gateway.v1.GatewayService/GetOverview", 404)]
    [InlineData("POST", "/grpc.health.v1.Health/Check", 404)]
    [InlineData("TRACE", "/v1/users", 405)]
    [InlineData("OPTIONS", "/v1/users", 405)]
    public async Task What_there_is_not_is_a_problem_too(string method, string path, int status) =>
        await (await gateway.Rest.SendAsync(new HttpMethod(method), path)).ProblemAsync(status);

    [Fact]
    public async Task The_requests_before_it_on_the_connection_are_answered_and_those_after_it_are_not()
    {
        var answers = await SendAsync(Good + Good + "nonsense\r\n\r\n" + Good);
        var broken = answers.IndexOf("HTTP/1.1 400", StringComparison.Ordinal);
        Assert.Equal(2, answers[..broken].Split("HTTP/1.1 200 OK").Length - 1);
        CheckProblem(answers[broken..], 400, "bad-request");
    }

    [Fact]
    public async Task An_answer_to_HEAD_has_no_body()
    {
        var answer = await SendAsync("HEAD /v1/users/ada HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    // All that comes until the connection is closed.
    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Gateway.RestAddress.Host, gateway.Gateway.RestAddress.Port);
        var stream = client.GetStream();
        var sending = stream.WriteAsync(Encoding.Latin1.GetBytes(request)).AsTask();
        var answer = new MemoryStream();
        await stream.CopyToAsync(answer).WaitAsync(Eventually.Timeout);
        await sending.WaitAsync(Eventually.Timeout);
        return Encoding.UTF8.GetString(answer.ToArray());
    }

    // One answer, and nothing after it.
    private static void CheckProblem(string answer, int status, string type)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        var (head, body) = (answer[..answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)], answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        Assert.Contains("\r\nContent-Type: application/problem+json\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nCache-Control: no-store\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", head, StringComparison.Ordinal);
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal(("/problems/" + type, status), (problem.Text("type"), problem.GetProperty("status").GetInt32()));
        Assert.NotEmpty(problem.Text("title")!);
    }
}
