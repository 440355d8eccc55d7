using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>A way to one replica, over which streams are opened. Thread-safe.</summary>
internal abstract class ReplicaConnection<TCall, TResult> : IDisposable
{
    internal abstract ValueTask<CallTransport<TCall, TResult>> OpenAsync(CancellationToken cancellationToken);

    public abstract void Dispose();
}

/// <summary>One HTTP/2 connection to one replica, kept open and pinged; more of them when one has no stream left.</summary>
internal sealed class GrpcReplicaConnection<TCall, TResult> : ReplicaConnection<TCall, TResult>
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly CallStreamMethod<TCall, TResult> _method;
    private readonly CallStreamClientOptions _options;
    private readonly GrpcChannel _channel;
    private readonly CallInvoker _invoker;

    internal GrpcReplicaConnection(CallStreamMethod<TCall, TResult> method, Uri address, CallStreamClientOptions options, ILoggerFactory logging)
    {
        _method = method;
        _options = options;
        _channel = ReplicaChannel.Open(address, options.ConnectTimeout, options.KeepAlivePingDelay, options.KeepAlivePingTimeout, options.Tls?.Options(ConfiguredReplicas.NamesOf(options.Addresses)), logging);
        _invoker = _channel.CreateCallInvoker();
    }

    internal override async ValueTask<CallTransport<TCall, TResult>> OpenAsync(CancellationToken cancellationToken) =>
        _method.Open(_invoker, OpeningCall.With(_options.Token is { } give ? await give(cancellationToken) : null));

    public override void Dispose() => _channel.Dispose();
}
