using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>A request that cannot be read. Its status is meant for the caller as it is.</summary>
internal class BadRequestException(RpcException error) : RpcException(error.Status, error.Trailers)
{
    private static readonly ErrorDomain Domain = new("suite");

    /// <summary>The status, with its details if it has any.</summary>
    public Status ToStatus() => this.GetRpcStatus() ?? Domain.Other(StatusCode, "UNREADABLE_REQUEST", Status.Detail);
}
