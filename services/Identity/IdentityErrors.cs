using Grpc.Core;
using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Identity;

/// <summary>The errors of this service.</summary>
internal static class IdentityErrors
{
    public static readonly ErrorDomain Domain = new("identity.v1");

    public static Status NotFound(string userId) => Domain.NotFound("identity.v1.Account", userId);

    public static Status SessionNotFound(string sessionId) => Domain.NotFound("identity.v1.Session", sessionId);

    public static Status SessionEnded { get; } = Domain.Other(StatusCode.Unauthenticated, "SESSION_ENDED", "The session of the access token has ended: log in again.");

    public static Status NotOperator { get; } = Domain.Other(StatusCode.PermissionDenied, "NOT_OPERATOR", "Only operators may do that, and the account is none any more.");
}
