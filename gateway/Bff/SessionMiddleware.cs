using Grpc.AspNetCore.Server;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microsoft.Extensions.Options;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Bff;

/// <summary>
/// Gives a request that has a session's cookie, and no token of its own, the session's access token: from there on it is a request like any other. One that another site's page has made the
/// browser send is refused before. Whoever has no session counts as a stranger.
/// </summary>
internal sealed class SessionMiddleware(RequestDelegate next, BffKey key, SessionTokens tokens, IRequestLimits limits, IOptions<AuthOptions> auth)
{
    private readonly string origin = new Uri(auth.Value.Authority).GetLeftPart(UriPartial.Authority);

    public Task InvokeAsync(HttpContext http)
    {
        if (!key.Exists || http.Request.Headers.Authorization.Count > 0 || SessionCookie.Of(http) is not { } cookie
            || http.GetEndpoint()?.Metadata is not { } route || route.GetMetadata<MethodAccess>() is null || route.GetMetadata<GrpcMethodMetadata>() is not null)
            return next(http);
        return WithSessionAsync(http, cookie);
    }

    private async Task WithSessionAsync(HttpContext http, string cookie)
    {
        if (CrossSite.Refusal(http.Request, origin) is { } refusal)
        {
            await RefuseAsync(http, refusal);
            return;
        }

        var session = await tokens.GetAsync(cookie, Caller.Of(http), http.RequestAborted);
        if (session.Error is { } error)
        {
            if (error == BffErrors.SessionEnded)
                SessionCookie.Take(http);
            await RefuseAsync(http, error);
            return;
        }

        http.Request.Headers.Authorization = $"Bearer {session.Token}";
        await next(http);
    }

    private async Task RefuseAsync(HttpContext http, Status refusal) => await ProblemMiddleware.WriteAsync(http, await limits.RefusalOfStrangerAsync(http) ?? refusal);
}
