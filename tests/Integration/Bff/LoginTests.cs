using System.Net;
using Microservices.Tests.Integration.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Microservices.Tests.Integration.Bff;

/// <summary>How a browser logs in at the gateway, and what it gets of that.</summary>
public sealed class LoginTests(BffHost host) : IClassFixture<BffHost>
{
    [Fact]
    public async Task A_browser_that_nobody_has_logged_in_is_asked_for_the_password_and_comes_back_to_where_it_was()
    {
        var (registered, email) = await host.NewAccountAsync();
        registered.Dispose();
        using var browser = host.NewBrowser();

        var begun = await browser.GetAsync("/bff/login?returnUrl=/orders%3Fpage%3D2");
        var asked = await browser.GetAsync(new Uri(begun.Location!).PathAndQuery);
        Assert.StartsWith("/account/login?", new Uri(host.Issuer, asked.Location!).PathAndQuery, StringComparison.Ordinal);
        var entered = await browser.SubmitAsync(new Uri(host.Issuer, asked.Location!).PathAndQuery, ("email", email), ("password", IdentityHost.Password), ("ReturnUrl", ReturnUrlOf(asked.Location!)));
        var agreed = await browser.GetAsync(entered.Location!);
        var back = await browser.GetAsync(agreed.Location!);

        Assert.Equal((HttpStatusCode.Found, "/orders?page=2"), (back.Status, back.Location));
        Assert.Equal(200, (await browser.ApiAsync("GET", "/bff/user")).Status);
    }

    [Fact]
    public async Task The_cookie_is_opaque_small_and_out_of_reach_and_new_at_each_login()
    {
        var (browser, _) = await host.NewSessionAsync();
        var first = browser.Session();
        // As somebody would who has set it before the login.
        browser.Cookies[BffCalls.Cookie] = first;

        var back = await browser.GetAsync(await BffHost.CallbackAsync(browser));
        var line = back.Response.Headers.GetValues("Set-Cookie").Single(given => given.StartsWith("__Host-session=", StringComparison.Ordinal));
        var cookie = SetCookieHeaderValue.Parse(line);

        Assert.True(cookie is { HttpOnly: true, Secure: true, SameSite: Microsoft.Net.Http.Headers.SameSiteMode.Lax, Path.Value: "/", Domain.HasValue: false, MaxAge: null, Expires: null }, line);
        Assert.InRange($"{cookie.Name}={cookie.Value}".Length, 60, 100);
        Assert.NotEqual(first, browser.Session());
        using (var earlier = BffHost.At(host.Gateway, first))
            Assert.Equal(401, (await earlier.ApiAsync("GET", "/bff/user")).Status);
        using (var elsewhere = BffHost.At(host.Replica, first))
            Assert.Equal(401, (await elsewhere.ApiAsync("GET", "/bff/user")).Status);
        Assert.Equal(200, (await browser.ApiAsync("GET", "/bff/user")).Status);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("/%09/evil.example/")]
    [InlineData("/%0a/evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("evil")]
    [InlineData("")]
    [InlineData("/%C3%A9")]
    public async Task A_login_goes_on_nowhere_but_to_a_path_of_the_gateway(string returnUrl)
    {
        using var browser = host.NewBrowser();

        var answer = await browser.ApiAsync("GET", $"/bff/login?returnUrl={returnUrl}");

        Assert.Equal((400, true), (answer.Status, answer.Body["errors"]!.AsObject().ContainsKey("returnUrl")));
        Assert.Equal(400, (await browser.ApiAsync("GET", $"/bff/login?returnUrl=/{new string('a', 512)}")).Status);
    }

    [Fact]
    public async Task A_login_ends_only_in_the_browser_that_it_was_begun_in_and_as_it_was_begun()
    {
        var (browser, _) = await host.NewAccountAsync();
        var (other, _) = await host.NewAccountAsync();
        var callback = await BffHost.CallbackAsync(browser, "?returnUrl=/mine");
        await BffHost.CallbackAsync(other);
        var query = QueryHelpers.ParseQuery(new Uri(callback).Query);
        var state = query["state"].ToString();
        var elsewhere = Microsoft.AspNetCore.WebUtilities.Base64UrlTextEncoder.Encode("//evil.example"u8.ToArray());
        var parts = state.Split('.');

        // A link that another person follows, with and without a login of its own.
        await RefusedAsync(other, callback, "LOGIN_EXPIRED");
        using (var stranger = host.NewBrowser())
            await RefusedAsync(stranger, callback, "LOGIN_EXPIRED");
        await RefusedAsync(browser, callback.Replace(parts[2], elsewhere, StringComparison.Ordinal), "LOGIN_EXPIRED");
        await RefusedAsync(browser, callback.Replace(parts[1], $"{parts[1]}0", StringComparison.Ordinal), "LOGIN_EXPIRED");
        await RefusedAsync(browser, "/bff/callback", "LOGIN_EXPIRED");
        // Of another authority, without a code, with another one.
        await RefusedAsync(browser, callback.Replace("iss=", "iss=x", StringComparison.Ordinal), "LOGIN_FAILED");
        await RefusedAsync(browser, QueryHelpers.AddQueryString("/bff/callback", new Dictionary<string, string?> { ["state"] = state, ["iss"] = host.Issuer.AbsoluteUri, ["error"] = "access_denied" }), "LOGIN_FAILED");
        await RefusedAsync(browser, callback.Replace(query["code"].ToString(), "another", StringComparison.Ordinal), "LOGIN_FAILED");

        Assert.Equal("/mine", (await browser.GetAsync(callback)).Location);
    }

    [Fact]
    public async Task Two_tabs_log_in_at_once()
    {
        var (browser, _) = await host.NewAccountAsync();
        var first = await browser.GetAsync("/bff/login?returnUrl=/first");
        var second = await browser.GetAsync("/bff/login?returnUrl=/second");

        foreach (var (begun, path) in ((Answer, string)[])[(first, "/first"), (second, "/second")])
        {
            var agreed = await browser.GetAsync(new Uri(begun.Location!).PathAndQuery);
            Assert.Equal(path, (await browser.GetAsync(agreed.Location!)).Location);
        }

        Assert.Equal(200, (await browser.ApiAsync("GET", "/bff/user")).Status);
    }

    [Fact]
    public async Task A_code_of_another_client_keeps_no_session()
    {
        var (browser, _) = await host.NewAccountAsync();
        var code = await Tokens.CodeAsync(browser);

        var (status, body) = await host.AskAsync(
            ("grant_type", "authorization_code"), ("client_id", "shop"), ("code", code), ("code_verifier", Tokens.Verifier), ("redirect_uri", IdentityHost.Redirect), ("session_key", new string('a', 43)));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, body.Text("error")));
        (status, body) = await host.AskAsync(("grant_type", "urn:microservices:grant-type:session"), ("client_id", "shop"), ("session_key", new string('a', 43)));
        Assert.Equal((HttpStatusCode.BadRequest, "unauthorized_client"), (status, body.Text("error")));
    }

    private static string ReturnUrlOf(string location) => QueryHelpers.ParseQuery(location[location.IndexOf('?', StringComparison.Ordinal)..])["returnUrl"].ToString();

    private static async Task RefusedAsync(Browser browser, string address, string reason)
    {
        var answer = await browser.ApiAsync("GET", address);
        Assert.Equal((403, reason), (answer.Status, answer.Body.Text("reason")));
        Assert.DoesNotContain(BffCalls.Cookie, browser.Cookies.Keys);
    }
}
