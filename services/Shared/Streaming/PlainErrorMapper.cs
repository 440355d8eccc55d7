using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming;

/// <summary>
/// The mapper of a process that registers none: an RpcException keeps its status, and all others are INTERNAL, or CANCELLED, without their text.
/// </summary>
internal sealed partial class PlainErrorMapper(ILogger<PlainErrorMapper> logger) : IErrorMapper
{
    public Google.Rpc.Status ToStatus(Exception exception, string method, ServerCallContext? call = null)
    {
        if (exception is RpcException rpc)
            return rpc.GetRpcStatus() ?? new() { Code = (int)rpc.StatusCode, Message = rpc.Status.Detail };
        LogFailed(method, exception);
        return exception is OperationCanceledException
            ? new() { Code = (int)StatusCode.Cancelled, Message = "The call was cancelled." }
            : new() { Code = (int)StatusCode.Internal, Message = "The call could not be handled." };
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} failed unexpectedly")]
    private partial void LogFailed(string method, Exception exception);
}
