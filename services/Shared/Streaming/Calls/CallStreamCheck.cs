using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>Whether there is a stream to at least one replica of the backend.</summary>
internal sealed class CallStreamCheck<TCall, TResult>(CallStreamClient<TCall, TResult> backend, TimeProvider time) : StartCheck(time)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult, new()
{
    protected override ValueTask<string?> AwayAsync(CancellationToken cancellationToken) => new(backend.IsConnected ? null : "no replica can be reached");
}
