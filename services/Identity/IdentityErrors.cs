using Grpc.Core;
using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Identity;

/// <summary>The errors of this service.</summary>
internal static class IdentityErrors
{
    public static readonly ErrorDomain Domain = new("identity.v1");

    public static Status NotFound(string userId) => Domain.NotFound("identity.v1.Account", userId);

    public static Status Unauthenticated { get; } = Domain.Other(StatusCode.Unauthenticated, "UNAUTHENTICATED", "A valid access token is required: authorization: Bearer ...");

    public static Status NotOperator { get; } = Domain.Other(StatusCode.PermissionDenied, "PERMISSION_DENIED", "Only operators may do that, with the scope identity.write.");
}
