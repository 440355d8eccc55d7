using Grpc.Core;
using Microservices.Gateway.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Bff;

/// <summary>What a browser is told whose session cannot be used.</summary>
internal static class BffErrors
{
    public static Status SessionEnded { get; } = GatewayErrors.Domain.Other(StatusCode.Unauthenticated, "SESSION_ENDED", "The session has ended: log in again.");

    public static Status CrossSite { get; } = GatewayErrors.Domain.Other(StatusCode.PermissionDenied, "CROSS_SITE", "With a session, requests are taken from the gateway's own pages only.");

    public static Status HeaderMissing { get; } = GatewayErrors.Domain.Other(StatusCode.PermissionDenied, "CSRF_HEADER_MISSING", "With a session, a request that changes something needs the header X-CSRF: 1.");

    public static Status IdentityUnavailable { get; } = GatewayErrors.Domain.UnavailableForNow("IDENTITY_UNAVAILABLE", "Identity, which knows the session, is not available.");

    public static Status Overloaded { get; } = GatewayErrors.Domain.Overloaded("TOO_MANY_REQUESTS", "As many requests for tokens are with Identity as may be.");

    public static Status NoSessions { get; } = GatewayErrors.Domain.UnavailableForNow("SESSIONS_UNAVAILABLE", "This gateway keeps no sessions: it has no key of its own (Auth:KeyFile).");

    public static Status LoginTooOld { get; } = GatewayErrors.Domain.Other(StatusCode.PermissionDenied, "LOGIN_EXPIRED", "This login was not begun in this browser, or too long ago: begin again at /bff/login.");

    public static Status LoginFailed { get; } = GatewayErrors.Domain.Other(StatusCode.PermissionDenied, "LOGIN_FAILED", "Identity has not let anybody in: begin again at /bff/login.");
}
