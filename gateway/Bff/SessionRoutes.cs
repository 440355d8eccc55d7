using Grpc.Core;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Identity.V1;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microservices.Gateway.Bff;

/// <summary>The session of a browser, and the user's other ones.</summary>
internal static class SessionRoutes
{
    private const string Tag = "Sessions";

    public static void MapSessions(this WebApplication app)
    {
        app.MapGet("/bff/user", GetUser)
            .StandsFor(IdentityService.Descriptor, "ListSessions")
            .Describe("getSessionUser", Tag, "Get who has logged in", "401 when nobody has: send the browser to `/bff/login?returnUrl=/path`, and it comes back to that path with a session.")
            .Answers<SessionUser>(200, "The user.", Examples.SessionUser)
            .Fails();
        app.MapGet("/bff/sessions", ListAsync)
            .StandsFor(IdentityService.Descriptor, "ListSessions")
            .Describe("listSessions", Tag, "List your sessions", "Where you are logged in: 100 at most, the newest first.")
            .Answers<SessionList>(200, "The sessions that have not ended.", Examples.SessionList)
            .Fails();
        app.MapDelete("/bff/sessions/{sessionId}", EndAsync)
            .StandsFor(IdentityService.Descriptor, "EndSession")
            .Describe("endSession", Tag, "End one of your sessions", "It is logged out at every replica, and its events end, within a second.")
            .SessionId()
            .AnswersNothing(204, "The session has ended.")
            .Fails(400, 404);
        app.MapPost("/bff/logout", LogOutAsync)
            .StandsFor(IdentityService.Descriptor, "EndSession")
            .Describe("logOut", Tag, "Log out", "Ends the session that the request has come with, at Identity as well: the next login asks for the password.")
            .AnswersNothing(204, "The session has ended.")
            .Fails();
    }

    private static JsonHttpResult<SessionUser> GetUser(HttpContext http)
    {
        var caller = (Principal)http.User;
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(
            new SessionUser { UserId = caller.Subject, Roles = [.. caller.Roles.Order(StringComparer.Ordinal)], SessionId = caller.SessionId }, GatewayJson.Default.SessionUser);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IdentityService.IdentityServiceClient identity)
    {
        var caller = (Principal)http.User;
        var response = await identity.ListSessionsAsync(new ListSessionsRequest { UserId = caller.Subject }, http.CallOptions());
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(new SessionList { Sessions = [.. response.Sessions.Select(session => Resource(session, caller))] }, GatewayJson.Default.SessionList);
    }

    private static async Task<IResult> EndAsync(string sessionId, HttpContext http, IdentityService.IdentityServiceClient identity, SessionTokens tokens)
    {
        var caller = (Principal)http.User;
        await identity.EndSessionAsync(new EndSessionRequest { UserId = caller.Subject, SessionId = sessionId }, http.CallOptions());
        if (sessionId == caller.SessionId)
            LogOut(http, tokens);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> LogOutAsync(HttpContext http, IdentityService.IdentityServiceClient identity, SessionTokens tokens)
    {
        var caller = (Principal)http.User;
        try
        {
            await identity.EndSessionAsync(new EndSessionRequest { UserId = caller.Subject, SessionId = caller.SessionId ?? "" }, http.CallOptions());
        }
        catch (RpcException ended) when (ended.StatusCode is StatusCode.Unauthenticated or StatusCode.NotFound)
        {
            // It was ended elsewhere: the browser is logged out all the same.
        }

        LogOut(http, tokens);
        return TypedResults.NoContent();
    }

    private static void LogOut(HttpContext http, SessionTokens tokens)
    {
        if (SessionCookie.Of(http) is not { } cookie)
            return;
        tokens.Forget(cookie);
        SessionCookie.Take(http);
    }

    private static Session Resource(Identity.V1.Session session, Principal caller) => new()
    {
        SessionId = session.SessionId,
        IsCurrent = session.SessionId == caller.SessionId,
        ClientId = session.ClientId.Length == 0 ? null : session.ClientId,
        Address = session.Address,
        UserAgent = session.UserAgent,
        CreateTime = session.CreateTime.ToDateTimeOffset(),
        ExpireTime = session.ExpireTime.ToDateTimeOffset(),
    };
}
