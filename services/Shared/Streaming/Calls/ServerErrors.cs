using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>The errors that the library itself answers calls with.</summary>
internal static class ServerErrors
{
    internal static TResult Of<TResult>(StatusCode code, string message)
        where TResult : class, ICallResult, new() =>
        new() { Error = new Google.Rpc.Status { Code = (int)code, Message = message } };

    /// <summary>The status of an exception, without an exception's text: an RpcException's own, else INTERNAL or CANCELLED.</summary>
    internal static Google.Rpc.Status From(Exception exception) => exception switch
    {
        RpcException rpc => rpc.GetRpcStatus() ?? new() { Code = (int)rpc.StatusCode, Message = rpc.Status.Detail },
        OperationCanceledException => new() { Code = (int)StatusCode.Cancelled, Message = "The call was cancelled." },
        _ => new() { Code = (int)StatusCode.Internal, Message = "The call could not be handled." },
    };
}
