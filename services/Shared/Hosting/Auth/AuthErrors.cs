using Grpc.Core;
using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>What a caller is told who may not call. Why a token is refused is not said, beyond what a caller with a good one needs.</summary>
internal static class AuthErrors
{
    private static readonly ErrorDomain Domain = new("auth");

    public static Status TokenMissing { get; } =
        Domain.Other(StatusCode.Unauthenticated, "TOKEN_MISSING", "Send an access token: the header authorization with Bearer and the token.");

    public static Status TokenInvalid { get; } = Domain.Other(StatusCode.Unauthenticated, "TOKEN_INVALID", "The access token is not valid here.");

    public static Status TokenExpired { get; } = Domain.Other(StatusCode.Unauthenticated, "TOKEN_EXPIRED", "The access token has expired: get another one.");

    public static Status TokenRevoked { get; } =
        Domain.Other(StatusCode.Unauthenticated, "TOKEN_REVOKED", "The access token was revoked: its session has ended, or its owner's roles are others now. Get another one.");

    public static Status KeysUnavailable { get; } =
        Domain.UnavailableForNow("KEYS_UNAVAILABLE", "The keys that access tokens are checked with cannot be read yet.");

    public static Status Denied { get; } = Domain.Other(StatusCode.PermissionDenied, "PERMISSION_DENIED", "You may not call this method.");

    public static Status NotYours { get; } = Domain.Other(StatusCode.PermissionDenied, "NOT_YOURS", "You may ask for this only in your own name.");

    public static Status OtherCaller { get; } = Domain.Other(StatusCode.PermissionDenied, "OTHER_CALLER", "A stream goes on with a newer token of whoever opened it, and of nobody else.");

    public static Status MayNotBind { get; } =
        Domain.Other(StatusCode.PermissionDenied, "MAY_NOT_BIND", "Only a service calls in another's name, on a stream that it has opened with its own token; and only in that of a person.");

    public static Status CertificateMismatch { get; } = Domain.Other(StatusCode.Unauthenticated, "CERTIFICATE_MISMATCH", "A service shows a certificate with its own name, that of its token.");

    public static Status ScopeMissing { get; } = Domain.Other(StatusCode.PermissionDenied, "SCOPE_MISSING", "The access token is not for this: its scope lacks what the method needs.");
}
