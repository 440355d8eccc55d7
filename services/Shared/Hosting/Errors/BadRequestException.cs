using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>A request that cannot be read: what it says is for its caller, as it is. gRPC itself knows it as a status.</summary>
internal class BadRequestException(RpcException error) : RpcException(error.Status, error.Trailers)
{
    private static readonly ErrorDomain Domain = new("suite");

    /// <summary>The status with what details there are.</summary>
    public Status ToStatus() => this.GetRpcStatus() ?? Domain.Other(StatusCode, "UNREADABLE_REQUEST", Status.Detail);
}
