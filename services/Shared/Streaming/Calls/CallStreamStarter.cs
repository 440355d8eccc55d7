using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>Connects a client when the host starts, so that the first call finds the streams open. The host disposes of the client.</summary>
internal sealed class CallStreamStarter<TCall, TResult>(CallStreamClient<TCall, TResult> client) : IHostedService
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult, new()
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        client.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
