using System.Net;
using Microservices.Identity;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What the authority grants, and what it does not, on a database of either kind.</summary>
public abstract class ProtocolTests(IdentityHost host)
{
    [SkippableFact]
    public async Task An_access_token_is_short_and_says_whose_it_is_whom_it_is_for_and_what_it_allows()
    {
        var (browser, _) = await host.NewAccountAsync();
        var tokens = await host.LogInAsync(browser, Tokens.Authorize("openid offline_access users.read orders.read orders.write"));
        var token = tokens.Text("access_token");
        var claims = Tokens.Claims(token);

        Assert.True(token.Length <= 900, $"{token.Length}: {claims}");
        Assert.Equal(("at+jwt", "ES256"), (Tokens.Header(token).Text("typ"), Tokens.Header(token).Text("alg")));
        Assert.Equal(host.Issuer.AbsoluteUri, claims.Text("iss"));
        Assert.Equal("microservices", claims.Text("aud"));
        Assert.Equal("shop", claims.Text("client_id"));
        Assert.Equal(300, claims["exp"]!.GetValue<long>() - claims["iat"]!.GetValue<long>());
        Assert.Equal(["user"], claims["roles"]!.AsArray().Select(role => role!.GetValue<string>()));
        Assert.Equal("openid offline_access users.read orders.read orders.write", claims.Text("scope"));
        Assert.All((string[])["sub", "sid", "jti"], name => Assert.NotEmpty(claims.Text(name)));
        // The user that Users has.
        var user = await new Microservices.Users.V1.UsersService.UsersServiceClient(host.Users.Channel).GetUserAsync(new() { UserId = claims.Text("sub") });
        Assert.Equal("Ada Lovelace", user.User.DisplayName);
    }

    [SkippableFact]
    public async Task A_code_is_taken_once_and_a_second_time_ends_the_session_of_the_first()
    {
        var (browser, _) = await host.NewAccountAsync();
        var code = await Tokens.CodeAsync(browser);
        var (status, tokens) = await host.RedeemAsync(code);
        Assert.Equal(HttpStatusCode.OK, status);

        var again = await host.RedeemAsync(code);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (again.Status, again.Body.Text("error")));
        Assert.Equal("invalid_grant", (await host.RefreshAsync(tokens.Text("refresh_token"))).Body.Text("error"));
        Assert.StartsWith("/account/login", (await browser.GetAsync("/account")).Response.Headers.Location!.PathAndQuery, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_refresh_token_is_taken_once_and_whoever_brings_it_again_ends_the_session()
    {
        var (browser, _) = await host.NewAccountAsync();
        var first = await host.LogInAsync(browser);
        var (status, second) = await host.RefreshAsync(first.Text("refresh_token"));
        Assert.Equal(HttpStatusCode.OK, status);

        var stolen = await host.RefreshAsync(first.Text("refresh_token"));

        Assert.Equal("invalid_grant", stolen.Body.Text("error"));
        Assert.Equal("invalid_grant", (await host.RefreshAsync(second.Text("refresh_token"))).Body.Text("error"));
        var userId = Tokens.Claims(first.Text("access_token")).Text("sub");
        Assert.Contains(AuditEvents.TokenReused, await AuditOfAsync(userId));
    }

    [SkippableFact]
    public async Task A_code_is_of_no_use_without_its_verifier_to_another_client_or_at_another_address()
    {
        var (browser, _) = await host.NewAccountAsync();

        foreach (var (verifier, redirect) in new[] { (Tokens.Verifier + "x", IdentityHost.Redirect), (Tokens.Verifier, IdentityHost.Redirect + "/") })
        {
            var (status, body) = await host.RedeemAsync(await Tokens.CodeAsync(browser), verifier, redirect);
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, body.Text("error")));
        }

        var other = await host.AskAsync(
            ("grant_type", "authorization_code"), ("client_id", "cli"), ("code", await Tokens.CodeAsync(browser)), ("code_verifier", Tokens.Verifier), ("redirect_uri", IdentityHost.Redirect));
        Assert.NotEqual(HttpStatusCode.OK, other.Status);
    }

    [SkippableTheory]
    [InlineData("plain")]
    [InlineData("")]
    public async Task A_challenge_is_required_and_must_be_a_hash(string method)
    {
        var (browser, _) = await host.NewAccountAsync();
        var answer = await browser.GetAsync(Tokens.Authorize(challenge: method == "" ? "" : Tokens.Verifier, method: method));

        Assert.Null(answer.Location);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [SkippableTheory]
    [InlineData("http://127.0.0.1:9/callbacK")]
    [InlineData("http://127.0.0.1:9/callback/")]
    [InlineData("http://127.0.0.1:9/callback?x=1")]
    [InlineData("http://127.0.0.1:9/callback/../callback")]
    [InlineData("http://127.0.0.1:8/callback")]
    [InlineData("http://localhost:9/callback")]
    [InlineData("https://127.0.0.1:9/callback")]
    [InlineData("//127.0.0.1:9/callback")]
    [InlineData("http://127.0.0.1:9@evil.example/callback")]
    [InlineData("javascript:alert(1)")]
    public async Task A_redirect_URI_that_differs_by_a_character_gets_an_error_page_and_no_browser_is_sent_there(string redirect)
    {
        var (browser, _) = await host.NewAccountAsync();
        var answer = await browser.GetAsync(Tokens.Authorize(redirect: redirect));

        Assert.Null(answer.Location);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("cannot be granted", answer.Page, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("/connect/authorize/../../evil")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/account/login?returnUrl=https://evil.example/")]
    public async Task Logging_in_sends_nobody_to_an_address_elsewhere(string returnUrl)
    {
        var (_, email) = await host.NewAccountAsync();
        var answer = await host.NewBrowser().SubmitAsync($"/account/login?returnUrl={Uri.EscapeDataString(returnUrl)}", ("email", email), ("password", IdentityHost.Password), ("returnUrl", returnUrl));

        Assert.Equal((HttpStatusCode.Found, "/account"), (answer.Status, answer.Location));
    }

    [SkippableFact]
    public async Task A_client_proves_who_it_is_by_its_private_key_and_in_no_other_way()
    {
        var publicKey = host.WorkerKey.ExportSubjectPublicKeyInfo();
        (string, string)[] ask = [("grant_type", "client_credentials"), ("scope", "orders.read")];
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsWorkerAsync(host.Assertion(), ask)).Status);

        var unsigned = $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{host.Assertion().Split('.')[1]}.";
        string[] forged =
        [
            unsigned,
            // HMAC with what everybody knows.
            host.Assertion(new(new SymmetricSecurityKey(publicKey) { KeyId = "worker" }, SecurityAlgorithms.HmacSha256)),
            host.Assertion(new(new ECDsaSecurityKey(System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256)) { KeyId = "worker" }, SecurityAlgorithms.EcdsaSha256)),
            host.Assertion(audience: "https://other.example/"),
            host.Assertion()[..^4] + "AAAA",
            "",
        ];
        foreach (var assertion in forged)
        {
            var (status, body) = await host.AskAsWorkerAsync(assertion, ask);
            Assert.True(status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"{assertion}: {status} {body}");
            Assert.False(body.ContainsKey("access_token"));
        }

        Assert.NotEqual(HttpStatusCode.OK, (await host.AskAsync([.. ask, ("client_id", "worker"), ("client_secret", "secret")])).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await host.AskAsync([.. ask, ("client_id", "worker")])).Status);
    }

    [SkippableFact]
    public async Task There_is_no_password_grant_and_no_implicit_one_and_a_client_gets_what_it_may_ask_for()
    {
        var (browser, email) = await host.NewAccountAsync();
        var password = await host.AskAsync(("grant_type", "password"), ("client_id", "shop"), ("username", email), ("password", IdentityHost.Password));
        var forbidden = await host.AskAsWorkerAsync(host.Assertion(), ("grant_type", "client_credentials"), ("scope", "notifications.write"));
        var implicitly = await browser.GetAsync(Tokens.Authorize().Replace("response_type=code", "response_type=token", StringComparison.Ordinal));

        Assert.Equal("unsupported_grant_type", password.Body.Text("error"));
        Assert.Equal(HttpStatusCode.BadRequest, forbidden.Status);
        Assert.True(implicitly.Location is null || implicitly.Location.Contains("error=", StringComparison.Ordinal), implicitly.Location);
    }

    [SkippableFact]
    public async Task A_worker_goes_on_for_a_user_by_exchange_with_no_more_than_the_token_that_it_was_given()
    {
        var (browser, _) = await host.NewAccountAsync();
        var given = (await host.LogInAsync(browser)).Text("access_token");

        var (status, body) = await ExchangeAsync(given, ("scope", "orders.read users.read"));

        Assert.True(status == HttpStatusCode.OK, $"{body}");
        var claims = Tokens.Claims(body.Text("access_token"));
        Assert.Equal(Tokens.Claims(given).Text("sub"), claims.Text("sub"));
        Assert.Equal("worker", claims["act"]!["sub"]!.GetValue<string>());
        Assert.Equal("orders.read", claims.Text("scope"));
        Assert.Equal("invalid_grant", (await ExchangeAsync(given, ("requested_subject", "somebody"))).Body.Text("error"));
    }

    [SkippableFact]
    public async Task An_operator_sees_what_a_user_sees_reads_only_and_is_named_in_the_token_and_in_the_audit_log()
    {
        var user = Tokens.Claims((await host.LogInAsync((await host.NewAccountAsync()).Browser)).Text("access_token")).Text("sub");
        var (browser, _) = await host.NewAccountAsync();
        var operatorId = Tokens.Claims((await host.LogInAsync(browser)).Text("access_token")).Text("sub");
        await MakeOperatorAsync(operatorId);
        var given = (await host.LogInAsync(browser, Tokens.Authorize("openid offline_access orders.read orders.write"))).Text("access_token");

        var (status, body) = await ExchangeAsync(given, ("requested_subject", user));

        Assert.True(status == HttpStatusCode.OK, $"{body}");
        var claims = Tokens.Claims(body.Text("access_token"));
        Assert.Equal((user, operatorId), (claims.Text("sub"), claims["act"]!["sub"]!.GetValue<string>()));
        Assert.Equal("orders.read", claims.Text("scope"));
        Assert.Equal(["user"], claims["roles"]!.AsArray().Select(role => role!.GetValue<string>()));
        Assert.False(body.ContainsKey("refresh_token"));
        Assert.Contains(AuditEvents.Impersonated, await AuditOfAsync(user));
    }

    protected async Task MakeOperatorAsync(string userId) => await host.Database.WriteAsync(async context =>
    {
        var account = (await context.Accounts.FindAsync(userId))!;
        account.IsOperator = true;
        return true;
    }, default);

    private Task<(HttpStatusCode Status, System.Text.Json.Nodes.JsonObject Body)> ExchangeAsync(string token, params (string, string)[] more) => host.AskAsWorkerAsync(
        host.Assertion(),
        [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), .. more]);

    private Task<List<string>> AuditOfAsync(string userId) => host.Database.ReadAsync(
        context => Task.FromResult(context.AuditRecords.Where(record => record.Subject == userId).Select(record => record.Event).ToList()), default);
}

public sealed class ProtocolOnSqliteTests(IdentityHost host) : ProtocolTests(host), IClassFixture<IdentityHost>;

public sealed class ProtocolOnPostgresTests(PostgresIdentityHost host) : ProtocolTests(host.OrSkip()), IClassFixture<PostgresIdentityHost>;
