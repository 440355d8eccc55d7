using Microservices.Auth.V1;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Bff;

/// <summary>
/// How a browser logs in: it is sent to Identity, and comes back with a code (OAuth 2.1, with PKCE, <c>state</c> and <c>iss</c>), for which Identity lets the gateway keep the session. No token gets into the
/// browser. There is no ID token: who it is, the access token says, which is checked like any other with each request.
/// </summary>
internal static class LoginRoutes
{
    private const string CallbackPath = "/bff/callback";
    private const string ReturnUrl = "returnUrl";

    public static void MapLogin(this WebApplication app)
    {
        app.MapGet("/bff/login", Begin).OpenToAll().ExcludeFromDescription();
        app.MapGet(CallbackPath, EndAsync).OpenToAll().ExcludeFromDescription();
    }

    private static RedirectHttpResult Begin(HttpContext http, BffKey key, TokenRequests client, IOptions<AuthOptions> auth, TimeProvider time)
    {
        var returnUrl = http.QueryText(ReturnUrl) ?? "/";
        if (!Login.IsLocal(returnUrl))
            throw new InvalidRequestException(ReturnUrl, "must be a path here, such as /orders, of at most 512 ASCII characters");
        Require(key);
        var login = Login.Begin(http, key, returnUrl, time.GetUtcNow());
        NeverKept(http);
        return TypedResults.Redirect(new Uri(new Uri(auth.Value.Authority), "/connect/authorize").AbsoluteUri + QueryString.Create(new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = client.ClientId,
            ["redirect_uri"] = Redirect(auth),
            ["scope"] = string.Join(' ', ContractScopes.All),
            ["state"] = login.State,
            ["code_challenge"] = login.Challenge,
            ["code_challenge_method"] = "S256",
        }));
    }

    private static async Task<IResult> EndAsync(HttpContext http, BffKey key, SessionTokens tokens, IOptions<AuthOptions> auth, TimeProvider time)
    {
        Require(key);
        NeverKept(http);
        if (Login.Find(http, key, http.QueryText("state"), time.GetUtcNow()) is not { } login)
            throw new StatusException(BffErrors.LoginTooOld);
        // RFC 9207: it is no other authority's answer.
        if (http.QueryText("code") is not { } code || http.QueryText("iss") != auth.Value.Authority)
            throw new StatusException(BffErrors.LoginFailed);
        var cookie = SessionCookie.New(key);
        var session = await tokens.BeginAsync(cookie, code, login.Verifier, Redirect(auth), Caller.Of(http), http.RequestAborted);
        if (session.Error is { } error)
            throw new StatusException(error == BffErrors.SessionEnded ? BffErrors.LoginFailed : error);
        // Whoever had the browser's earlier cookie has nothing any more.
        if (SessionCookie.Of(http) is { } earlier)
            tokens.Forget(earlier);
        SessionCookie.Give(http, cookie);
        return TypedResults.LocalRedirect(login.ReturnUrl);
    }

    private static void Require(BffKey key)
    {
        if (!key.Exists)
            throw new StatusException(BffErrors.NoSessions);
    }

    private static string Redirect(IOptions<AuthOptions> auth) => new Uri(new Uri(auth.Value.Authority), CallbackPath).AbsoluteUri;

    private static void NeverKept(HttpContext http) => (http.Response.Headers.CacheControl, http.Response.Headers["Referrer-Policy"]) = ("no-store", "no-referrer");
}
