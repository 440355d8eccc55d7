using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <summary>The errors that the library itself answers calls with. Made for one caller each: a thrown exception is not shared.</summary>
internal static class CallErrors
{
    internal static RpcException DeadlineExceeded() => new(new Status(StatusCode.DeadlineExceeded, "The call was not answered in time."));

    internal static RpcException TooLarge() => new(new Status(StatusCode.InvalidArgument, "The call is larger than a service takes."));

    internal static RpcException Shed() => new(new Status(StatusCode.ResourceExhausted, "Too many calls are under way."));

    internal static RpcException NoReplica() => new(new Status(StatusCode.Unavailable, "No replica can be reached."));

    internal static RpcException Broken() => new(new Status(StatusCode.Unavailable, "The stream broke before the call was answered."));

    internal static RpcException Disposed() => new(new Status(StatusCode.Unavailable, "The client is shutting down."));

    /// <summary>An exception with the callee's status; its details travel in the trailers, as with a unary call.</summary>
    internal static RpcException From(Google.Rpc.Status status) => status.Code == (int)StatusCode.OK
        ? new(new Status(StatusCode.Unknown, "The callee answered with an error that is none."))
        : status.ToRpcException();
}
