using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>The errors that a stream itself answers calls with, in the handler's place.</summary>
internal static class CallResults
{
    internal static TResult Error<TResult>(StatusCode code, string message)
        where TResult : class, ICallResult, new() =>
        new() { Error = new Google.Rpc.Status { Code = (int)code, Message = message } };
}
