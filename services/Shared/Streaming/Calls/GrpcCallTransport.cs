using Google.Protobuf.Collections;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>A call stream over gRPC. The request frame is used again for every write.</summary>
internal sealed class GrpcCallTransport<TRequestFrame, TCall, TResponseFrame, TResult>(
    AsyncDuplexStreamingCall<TRequestFrame, TResponseFrame> call) : CallTransport<TCall, TResult>
    where TRequestFrame : class, ICallFrame<TCall>, new()
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
{
    private readonly TRequestFrame _frame = new();

    internal override RepeatedField<TCall> Calls => _frame.Calls;

    internal override RepeatedField<ulong> CancelCallIds => _frame.CancelCallIds;

    internal override RepeatedField<TResult> Results => call.ResponseStream.Current.Results;

    internal override CallControl? Control => call.ResponseStream.Current.Control;

    internal override async Task WriteAsync()
    {
        // Serialised before it returns; no token: on the client it would cancel the whole stream, not the write.
        await call.RequestStream.WriteAsync(_frame);
        _frame.Calls.Clear();
        _frame.CancelCallIds.Clear();
    }

    internal override Task CompleteAsync() => call.RequestStream.CompleteAsync();

    internal override Task<bool> ReadAsync() => call.ResponseStream.MoveNext(CancellationToken.None);

    public override void Dispose() => call.Dispose();
}

/// <summary>One HTTP/2 connection to one replica, kept open and pinged; more of them when one has no stream left.</summary>
internal sealed class GrpcReplicaConnection<TRequestFrame, TCall, TResponseFrame, TResult> : ReplicaConnection<TCall, TResult>
    where TRequestFrame : class, ICallFrame<TCall>, new()
    where TCall : class, ICall
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
    where TResult : class, ICallResult, new()
{
    private readonly CallStreamMethod<TRequestFrame, TCall, TResponseFrame, TResult> _method;
    private readonly CallStreamClientOptions _options;
    private readonly GrpcChannel _channel;
    private readonly CallInvoker _invoker;

    internal GrpcReplicaConnection(
        CallStreamMethod<TRequestFrame, TCall, TResponseFrame, TResult> method, Uri address, CallStreamClientOptions options, ILoggerFactory logging)
    {
        _method = method;
        _options = options;
        _channel = ReplicaChannel.Open(address, options.ConnectTimeout, options.KeepAlivePingDelay, options.KeepAlivePingTimeout, logging);
        _invoker = _channel.CreateCallInvoker();
    }

    internal override async ValueTask<CallTransport<TCall, TResult>> OpenAsync(CancellationToken cancellationToken)
    {
        var headers = _options.Headers is { } source ? await source(cancellationToken) : null;
        return new GrpcCallTransport<TRequestFrame, TCall, TResponseFrame, TResult>(
            _invoker.AsyncDuplexStreamingCall(_method.Method, null, new CallOptions(headers)));
    }

    public override void Dispose() => _channel.Dispose();
}
