using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>The console as it is served: what browsers may do with it, keep of it, and are told of its bounds.</summary>
public sealed partial class ConsolePagesTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const int MaxScriptBytes = 60 << 10;

    [Theory]
    [InlineData("/")]
    [InlineData("/orders")]
    [InlineData("/orders/o1")]
    [InlineData("/users/ada")]
    [InlineData("/webhooks/e1")]
    public async Task A_page_is_asked_for_anew_and_runs_nothing_but_the_scripts_of_its_own_origin(string path)
    {
        using var page = await GetAsync(path, "text/html");

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-cache", page.Headers.CacheControl?.ToString());
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        foreach (var part in (string[])["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"])
            Assert.Contains(part, policy.Split("; "));

        using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new("text/html") }, IfNoneMatch = { page.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await gateway.Rest.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task What_a_page_refers_to_is_kept_for_good_and_its_script_is_small()
    {
        var html = await (await GetAsync("/orders", "text/html")).Content.ReadAsStringAsync();
        var assets = Asset().Matches(html).Select(match => match.Value).ToList();
        Assert.Equal(3, assets.Count);
        foreach (var asset in assets)
        {
            using var answer = await GetAsync(asset, "*/*", "gzip");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("public, max-age=31536000, immutable", answer.Headers.CacheControl?.ToString());
            Assert.Equal("gzip", answer.Content.Headers.ContentEncoding.Single());
            Assert.InRange((await answer.Content.ReadAsByteArrayAsync()).Length, 1, MaxScriptBytes);
        }
    }

    [Theory]
    [InlineData("/assets/nothing.js")]
    [InlineData("/assets/../appsettings.json")]
    [InlineData("/orders/o1/more")]
    [InlineData("/v1/nothing")]
    public async Task What_is_no_page_is_a_problem(string path) => await (await GetAsync(path, "text/html")).ProblemAsync(404);

    private Task<HttpResponseMessage> GetAsync(string path, string accept, string? coding = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Accept = { new MediaTypeWithQualityHeaderValue(accept) } } };
        if (coding is not null)
            request.Headers.AcceptEncoding.Add(new(coding));
        return gateway.Rest.SendAsync(request);
    }

    [GeneratedRegex("/assets/[^\"]+")]
    private static partial Regex Asset();
}
