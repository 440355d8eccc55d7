using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace Microservices.Streaming.Calls;

/// <summary>The errors that a client's own side answers calls with. Each is made for one caller: an exception that is thrown is not shared.</summary>
internal static class CallErrors
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    /// <summary>Of ErrorInfo: the client itself has shed the call, and no service has seen it.</summary>
    internal const string ShedReason = "SHED";

    private const string ShedMessage = "Too many calls are under way.";

    // Encoded once: when calls are shed, there are many of them.
    private static readonly byte[] ShedDetails = new Google.Rpc.Status
    {
        Code = (int)StatusCode.ResourceExhausted,
        Message = ShedMessage,
        Details =
        {
            Any.Pack(new ErrorInfo { Reason = ShedReason, Domain = "rpc" }),
            Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) }),
        },
    }.ToByteArray();

    internal static RpcException DeadlineExceeded() => new(new Status(StatusCode.DeadlineExceeded, "The call was not answered in time."));

    internal static RpcException TooLarge() => new(new Status(StatusCode.InvalidArgument, "The call is larger than a service accepts."));

    internal static RpcException NoToken() => new(new Status(StatusCode.Unauthenticated, "The access token is not valid here."));

    /// <summary>RESOURCE_EXHAUSTED, reason SHED, with RetryInfo: try again in a second.</summary>
    internal static RpcException Shed() => new(new Status(StatusCode.ResourceExhausted, ShedMessage), new Metadata { { DetailsTrailer, ShedDetails } });

    internal static RpcException NoReplica() => new(new Status(StatusCode.Unavailable, "No replica can be reached."));

    internal static RpcException Broken() => new(new Status(StatusCode.Unavailable, "The stream broke before the call was answered."));

    internal static RpcException Disposed() => new(new Status(StatusCode.Unavailable, "The client is shutting down."));

    /// <summary>An exception with the callee's status; its details travel in the trailers, as with a unary call.</summary>
    internal static RpcException From(Google.Rpc.Status status) => status.Code == (int)StatusCode.OK
        ? new(new Status(StatusCode.Unknown, "The callee answered with an error whose code is OK."))
        : status.ToRpcException();
}
