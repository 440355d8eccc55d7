using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// An error that is part of the contract, on its way to the caller. <see cref="CallPipeline"/> sends it as it is; and since it is an
/// <see cref="RpcException"/>, so does whatever else answers calls and subscriptions and knows only gRPC.
/// </summary>
public sealed class StatusException : RpcException
{
    /// <summary>The error that the caller is to get.</summary>
    public StatusException(Status status)
        : this(status, status.ToRpcException())
    {
    }

    private StatusException(Status status, RpcException encoded)
        : base(encoded.Status, encoded.Trailers, status.Message) => Status = status;

    /// <summary>What the caller gets.</summary>
    public new Status Status { get; }
}
