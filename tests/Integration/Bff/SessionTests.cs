using System.Net;
using System.Net.Http.Headers;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Integration.Identity;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Bff;

/// <summary>What a browser's session lets it do, for how long, and what it does not.</summary>
public sealed class SessionTests(BffHost host) : IClassFixture<BffHost>
{
    [Theory]
    [InlineData("GET", 403, "Sec-Fetch-Site", "cross-site")]
    [InlineData("GET", 403, "Sec-Fetch-Site", "same-site")]
    [InlineData("GET", 403, "Origin", "https://evil.example")]
    [InlineData("GET", 403, "Origin", "null")]
    [InlineData("GET", 200, "Sec-Fetch-Site", "none")]
    [InlineData("PATCH", 403, "Sec-Fetch-Site", "cross-site")]
    [InlineData("PATCH", 403, "Sec-Fetch-Site", "none")]
    [InlineData("PATCH", 403, "Origin", "https://evil.example")]
    public async Task Requests_of_other_sites_pages_are_refused(string method, int expected, string header, string value)
    {
        var (browser, userId) = await host.NewSessionAsync();

        var (status, body) = await browser.ApiAsync(method, $"/v1/users/{userId}", Change(method), (header, value), ("X-CSRF", "1"));

        Assert.Equal((expected, expected == 403 ? "CROSS_SITE" : null), (status, (string?)body["reason"]));
    }

    [Fact]
    public async Task What_changes_something_needs_the_header_that_no_form_can_send()
    {
        var (browser, userId) = await host.NewSessionAsync();
        (string, string) own = ("Origin", host.Issuer.GetLeftPart(UriPartial.Authority));

        Assert.Equal((403, "CSRF_HEADER_MISSING"), await BffCalls.ReasonAsync(browser.ApiAsync("PATCH", $"/v1/users/{userId}", Change("PATCH"), own)));
        Assert.Equal((403, "CSRF_HEADER_MISSING"), await BffCalls.ReasonAsync(browser.ApiAsync("PATCH", $"/v1/users/{userId}", Change("PATCH"), own, ("X-CSRF", "0"))));
        Assert.Equal((403, "CSRF_HEADER_MISSING"), await BffCalls.ReasonAsync(browser.ApiAsync("POST", "/bff/logout")));
        Assert.Equal(200, (await browser.ApiAsync("PATCH", $"/v1/users/{userId}", Change("PATCH"), own, ("X-CSRF", "1"))).Status);
    }

    [Fact]
    public async Task A_token_in_the_header_counts_and_the_cookie_beside_it_does_not()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var (another, _) = await host.NewAccountAsync();
        var token = (await host.LogInAsync(another, Identity.Tokens.Authorize("openid users.read"))).Text("access_token");

        Assert.Equal((401, "TOKEN_INVALID"), await BffCalls.ReasonAsync(browser.ApiAsync("GET", $"/v1/users/{userId}", null, ("Authorization", "Bearer none"))));
        Assert.Equal((403, "NOT_YOURS"), await BffCalls.ReasonAsync(browser.ApiAsync("GET", $"/v1/users/{userId}", null, ("Authorization", $"Bearer {token}"))));
    }

    [Fact]
    public async Task Who_has_logged_out_has_no_session_anywhere_and_is_asked_for_the_password_again()
    {
        var (browser, userId) = await host.NewSessionAsync();
        using var elsewhere = BffHost.At(host.Replica, browser);
        using var stolen = BffHost.At(host.Gateway, browser);
        Assert.Equal(200, (await elsewhere.ApiAsync("GET", $"/v1/users/{userId}")).Status);

        Assert.Equal(204, (await browser.ChangeAsync("POST", "/bff/logout")).Status);

        Assert.DoesNotContain(BffCalls.Cookie, browser.Cookies.Keys);
        Assert.Equal((401, "SESSION_ENDED"), await BffCalls.ReasonAsync(stolen.ApiAsync("GET", $"/v1/users/{userId}")));
        Assert.Empty(stolen.Cookies);
        await Eventually.UntilAsync(async () => (await elsewhere.ApiAsync("GET", $"/v1/users/{userId}")).Status == 401, "the other replica has seen it");
        var begun = await browser.GetAsync("/bff/login");
        Assert.Contains("/account/login", (await browser.GetAsync(new Uri(begun.Location!).PathAndQuery)).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_sees_the_sessions_of_all_devices_and_ends_one_and_nobody_elses()
    {
        var (registered, email) = await host.NewAccountAsync();
        await BffHost.LogInAsync(registered);
        using var second = host.NewBrowser("203.0.113.9");
        Assert.Equal(HttpStatusCode.Found, (await second.SubmitAsync("/account/login", ("email", email), ("password", IdentityHost.Password))).Status);
        await BffHost.LogInAsync(second);
        var (stranger, _) = await host.NewSessionAsync();

        var sessions = (await registered.ApiAsync("GET", "/bff/sessions")).Body["sessions"]!.AsArray().Select(session => session!.AsObject()).ToList();
        Assert.Equal([false, true], sessions.Select(session => (bool)session["isCurrent"]!));
        Assert.Equal("203.0.113.9", sessions[0].Text("address"));
        var id = sessions[0].Text("sessionId");

        Assert.Equal((404, "NOT_FOUND"), await BffCalls.ReasonAsync(stranger.ChangeAsync("DELETE", $"/bff/sessions/{id}")));
        Assert.Equal((400, "INVALID_FIELDS"), await BffCalls.ReasonAsync(registered.ChangeAsync("DELETE", "/bff/sessions/!")));
        Assert.Equal(200, (await second.ApiAsync("GET", "/bff/user")).Status);
        Assert.Equal(204, (await registered.ChangeAsync("DELETE", $"/bff/sessions/{id}")).Status);
        Assert.Equal((404, "NOT_FOUND"), await BffCalls.ReasonAsync(registered.ChangeAsync("DELETE", $"/bff/sessions/{id}")));

        await Eventually.UntilAsync(async () => (await second.ApiAsync("GET", "/bff/user")).Status == 401, "the session has ended", TimeSpan.FromMinutes(1));
        Assert.Single((await registered.ApiAsync("GET", "/bff/sessions")).Body["sessions"]!.AsArray());
    }

    [Fact]
    public async Task Events_follow_the_session_of_a_page_and_end_when_it_has_ended()
    {
        var (browser, userId) = await host.NewSessionAsync();
        // All that EventSource sends.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{userId}/events") { Headers = { { "Sec-Fetch-Site", "same-origin" } } };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var events = await browser.BeginAsync(request);
        Assert.Equal(HttpStatusCode.OK, events.StatusCode);
        var read = events.Content.ReadAsStringAsync();

        Assert.Equal(204, (await browser.ChangeAsync("POST", "/bff/logout")).Status);

        Assert.Contains("event: end", await read.WaitAsync(TimeSpan.FromMinutes(1)), StringComparison.Ordinal);
        Assert.Equal((401, "TOKEN_MISSING"), await BffCalls.ReasonAsync(browser.ApiAsync("GET", $"/v1/users/{userId}/events")));
    }

    [Fact]
    public async Task Identity_is_not_asked_about_cookies_that_are_made_up_and_its_absence_logs_nobody_out()
    {
        var (browser, _) = await host.NewSessionAsync();
        var cookie = browser.Session();
        await using var alone = host.NewGateway(("Auth:TokenAddress", $"http://127.0.0.1:{Eventually.FreePort()}/connect/token"), ("Authority:MaxRequests", "4"));

        foreach (var bad in (string[])["x", new string('a', 75), cookie[..^1], $"{cookie}a", $"a{cookie[1..]}", $"{cookie[..^2]}{(cookie[^2] == 'A' ? 'B' : 'A')}{cookie[^1]}"])
        {
            using var stranger = BffHost.At(alone, bad);
            Assert.Equal((401, "SESSION_ENDED"), await BffCalls.ReasonAsync(stranger.ApiAsync("GET", "/bff/user")));
        }

        using var good = BffHost.At(alone, cookie);
        Assert.Equal((503, "IDENTITY_UNAVAILABLE"), await BffCalls.ReasonAsync(good.ApiAsync("GET", "/bff/user")));
        Assert.Equal(cookie, good.Session());
        // Nor is anything kept of them by whoever asks again.
        Assert.Equal(200, (await browser.ApiAsync("GET", "/bff/user")).Status);
    }

    [Fact]
    public async Task A_gateway_without_a_key_keeps_no_sessions()
    {
        await using var gateway = new GatewayFactory();
        using var browser = BffHost.At(gateway, new string('a', 75));

        Assert.Equal((503, "SESSIONS_UNAVAILABLE"), await BffCalls.ReasonAsync(browser.ApiAsync("GET", "/bff/login")));
        Assert.Equal((401, "TOKEN_MISSING"), await BffCalls.ReasonAsync(browser.ApiAsync("GET", "/bff/user")));
    }

    private static string? Change(string method) => method == "PATCH" ? """{"version": 1, "displayName": "Ada King"}""" : null;
}
