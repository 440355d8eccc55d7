using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>What browsers and caches ask of an HTTP server: HEAD, and pages of other origins (CORS).</summary>
public sealed class BrowserTests : IClassFixture<GatewayFixture>
{
    private const string Shop = "https://shop.example.com";
    private readonly GatewayFixture gateway;

    public BrowserTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Theory]
    [InlineData("/v1/users")]
    [InlineData("/v1/users/ada")]
    [InlineData("/v1/users/ada/orders")]
    [InlineData("/v1/users/ada/overview")]
    [InlineData("/v1/users/ada/overview?fields=user")]
    [InlineData("/v1/users/ada/overview?strict=maybe")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs/")]
    [InlineData("/")]
    [InlineData("/problems/not-found")]
    [InlineData("/v1/nothing")]
    [InlineData("/v1/orders/o1/cancel")]
    public async Task HEAD_answers_as_GET_does_without_a_body(string path)
    {
        using var get = await gateway.Rest.GetAsync(path);
        using var head = await gateway.Rest.SendAsync(HttpMethod.Head, path);

        Assert.Equal(get.StatusCode, head.StatusCode);
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Equal(get.Headers.Location, head.Headers.Location);
        Assert.Equal("", await head.Content.ReadAsStringAsync());
        // The next answer on the connection begins where it should.
        var raw = await RawAsync($"HEAD {path} HTTP/1.1\r\nHost: gateway\r\n\r\nHEAD {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
        Assert.Equal(["", ""], raw.Split("HTTP/1.1 ", StringSplitOptions.RemoveEmptyEntries).Select(answer => answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
    }

    [Fact]
    public async Task HEAD_is_among_the_methods_that_a_route_has()
    {
        using var response = await gateway.Rest.SendAsync(HttpMethod.Delete, "/v1/users/ada");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD", "PATCH"], response.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task Pages_of_no_other_origin_may_read_anything_unless_it_is_set_up()
    {
        using var answer = await GetAsync(gateway.Rest, "/v1/users/ada", Shop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.Ordinal));
        using var preflight = await PreflightAsync(gateway.Rest, "/v1/orders", Shop, "POST");
        await preflight.ProblemAsync(405);
    }

    [Fact]
    public async Task Pages_of_an_origin_that_is_allowed_may_use_REST_and_events_and_read_problems_and_headers()
    {
        await using var other = gateway.AnotherGateway(("Cors:AllowedOrigins:0", Shop), ("Cors:AllowedOrigins:1", "http://localhost:3000"));

        using (var preflight = await PreflightAsync(other.Rest, "/v1/orders", Shop, "POST", "content-type,idempotency-key,request-timeout,position"))
        {
            Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
            Assert.Equal(Shop, preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
            Assert.Contains("POST", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
            Assert.Contains("Idempotency-Key", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.OrdinalIgnoreCase);
        }

        foreach (var path in (string[])["/v1/users/ada", "/v1/users/ada/overview", "/v1/nothing", "/v1/users/ada/overview?strict=maybe", "/openapi/v1.json", "/v1/users/ada/events"])
        {
            using var allowed = await GetAsync(other.Rest, path, "http://localhost:3000");
            Assert.Equal("http://localhost:3000", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
            Assert.False(allowed.Headers.Contains("Access-Control-Allow-Credentials"));
            var exposed = string.Join(',', allowed.Headers.GetValues("Access-Control-Expose-Headers"));
            Assert.All((string[])["Position", "Location", "Idempotency-Replayed", "Age", "Retry-After"], name => Assert.Contains(name, exposed, StringComparison.Ordinal));
            using var refused = await GetAsync(other.Rest, path, "https://evil.example.com");
            Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
        }

        using var denied = await PreflightAsync(other.Rest, "/v1/orders", "https://evil.example.com", "POST");
        Assert.False(denied.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("shop.example.com")]
    [InlineData("https://shop.example.com/")]
    [InlineData("https://shop.example.com/path")]
    [InlineData("ftp://shop.example.com")]
    [InlineData("https://*.example.com/")]
    [InlineData("null")]
    public void An_origin_that_is_none_stops_the_start_and_names_the_key(string origin)
    {
        var wrong = Start();
        // The testing library may look at the host after Program has disposed of it, and before it learns why.
        for (var attempt = 1; wrong is ObjectDisposedException && attempt < 10; attempt++)
            wrong = Start();
        Assert.Contains("Cors:AllowedOrigins", wrong.ToString(), StringComparison.Ordinal);

        Exception Start() => Assert.ThrowsAny<Exception>(() => gateway.AnotherGateway(("Cors:AllowedOrigins:0", origin)));
    }

    private static Task<HttpResponseMessage> GetAsync(HttpClient http, string path, string origin)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Origin", origin } } };
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Timeout);
    }

    private static Task<HttpResponseMessage> PreflightAsync(HttpClient http, string path, string origin, string method, string headers = "content-type") =>
        http.SendAsync(new HttpRequestMessage(HttpMethod.Options, path)
        {
            Headers = { { "Origin", origin }, { "Access-Control-Request-Method", method }, { "Access-Control-Request-Headers", headers } },
        });

    private async Task<string> RawAsync(string requests)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Gateway.RestAddress.Host, gateway.Gateway.RestAddress.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(requests));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync().WaitAsync(Eventually.Timeout);
    }
}
