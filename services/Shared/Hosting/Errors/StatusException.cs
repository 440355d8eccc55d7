using Grpc.Core;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Errors;

/// <summary>
/// An error that is part of the contract, on its way to the caller: <see cref="ErrorMapper"/> passes it on as it is. Since it is an
/// <see cref="RpcException"/>, so does everything else that knows only gRPC.
/// </summary>
public sealed class StatusException : RpcException
{
    /// <summary>Makes an exception of the error that the caller gets.</summary>
    public StatusException(Status status)
        : this(status, status.ToRpcException())
    {
    }

    private StatusException(Status status, RpcException encoded)
        : base(encoded.Status, encoded.Trailers, status.Message) => Status = status;

    /// <summary>The error that the caller gets.</summary>
    public new Status Status { get; }
}
