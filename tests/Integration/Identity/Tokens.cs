using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Comes by tokens as clients do.</summary>
internal static class Tokens
{
    public const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkdBjftJeZ4";

    /// <summary>The address that the client "shop" sends a browser to.</summary>
    public static string Authorize(string scope = "openid offline_access orders.read", string redirect = IdentityHost.Redirect, string? challenge = null, string method = "S256", string extra = "") =>
        $"/connect/authorize?response_type=code&client_id=shop&state=s&nonce=n&scope={Uri.EscapeDataString(scope)}&redirect_uri={Uri.EscapeDataString(redirect)}"
        + $"&code_challenge={challenge ?? ChallengeOf(Verifier)}&code_challenge_method={method}{extra}";

    public static string ChallengeOf(string verifier) => Base64UrlEncoder.Encode(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(verifier)));

    /// <summary>The code that "shop" gets from a browser that has logged in, whose owner agrees.</summary>
    public static async Task<string> CodeAsync(Browser browser, string? authorize = null)
    {
        authorize ??= Authorize();
        var answer = await browser.GetAsync(authorize);
        if (answer.Status == HttpStatusCode.OK)
            answer = await browser.SubmitAsync("/connect/authorize", answer, ("answer", "yes"));
        Assert.True(answer.Status == HttpStatusCode.Found, $"{answer.Status} {answer.Page}");
        return QueryHelpers.ParseQuery(new Uri(answer.Location!).Query)["code"].ToString();
    }

    /// <summary>What the token endpoint answers.</summary>
    public static async Task<(HttpStatusCode Status, JsonObject Body)> AskAsync(this IdentityHost host, params (string Name, string Value)[] fields)
    {
        var answer = await host.NewBrowser().PostAsync("/connect/token", fields);
        return (answer.Status, JsonNode.Parse(answer.Page)!.AsObject());
    }

    /// <summary>Redeems a code.</summary>
    public static Task<(HttpStatusCode Status, JsonObject Body)> RedeemAsync(this IdentityHost host, string code, string verifier = Verifier, string redirect = IdentityHost.Redirect) =>
        host.AskAsync(("grant_type", "authorization_code"), ("client_id", "shop"), ("code", code), ("code_verifier", verifier), ("redirect_uri", redirect));

    public static Task<(HttpStatusCode Status, JsonObject Body)> RefreshAsync(this IdentityHost host, string token) =>
        host.AskAsync(("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", token));

    /// <summary>All tokens of a new login.</summary>
    public static async Task<JsonObject> LogInAsync(this IdentityHost host, Browser browser, string? authorize = null)
    {
        var (status, body) = await host.RedeemAsync(await CodeAsync(browser, authorize));
        Assert.True(status == HttpStatusCode.OK, $"{body}");
        return body;
    }

    /// <summary>The proof of a client that it has its key, which is the same for all of them.</summary>
    public static string Assertion(this IdentityHost host, SigningCredentials? credentials = null, string? audience = null, string type = "client-authentication+jwt", string client = "worker") => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = client,
        Audience = audience ?? host.Issuer.AbsoluteUri,
        Claims = new Dictionary<string, object> { ["sub"] = client, ["jti"] = Guid.NewGuid().ToString() },
        IssuedAt = DateTime.UtcNow,
        Expires = DateTime.UtcNow.AddMinutes(1),
        TokenType = type,
        SigningCredentials = credentials ?? new(new ECDsaSecurityKey(host.WorkerKey) { KeyId = "worker" }, SecurityAlgorithms.EcdsaSha256),
    });

    /// <summary>Asks as the client "worker".</summary>
    public static Task<(HttpStatusCode Status, JsonObject Body)> AskAsWorkerAsync(this IdentityHost host, string assertion, params (string Name, string Value)[] fields) =>
        host.AskAsAsync("worker", assertion, fields);

    /// <summary>Asks as a client with a key.</summary>
    public static Task<(HttpStatusCode Status, JsonObject Body)> AskAsAsync(this IdentityHost host, string client, string assertion, params (string Name, string Value)[] fields) => host.AskAsync(
        [.. fields, ("client_id", client), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion)]);

    /// <summary>What a token says.</summary>
    public static JsonObject Claims(string jwt) => JsonNode.Parse(Base64UrlEncoder.Decode(jwt.Split('.')[1]))!.AsObject();

    public static JsonObject Header(string jwt) => JsonNode.Parse(Base64UrlEncoder.Decode(jwt.Split('.')[0]))!.AsObject();

    public static string Text(this JsonObject body, string name) => body[name]!.GetValue<string>();
}
