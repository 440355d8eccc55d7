using Google.Protobuf.Collections;
using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>
/// One open stream at the caller, whatever its frames are called. One reader and one writer, independent of each other. Every member that fails
/// does so because the stream has ended.
/// </summary>
public abstract class CallTransport<TCall, TResult> : IDisposable
{
    /// <summary>The calls of the next frame; empty again after <see cref="WriteAsync"/>.</summary>
    public abstract RepeatedField<TCall> Calls { get; }

    /// <summary>The cancellations of the next frame; empty again after <see cref="WriteAsync"/>.</summary>
    public abstract RepeatedField<ulong> CancelCallIds { get; }

    /// <summary>The tokens that the next frame binds; empty again after <see cref="WriteAsync"/>.</summary>
    public abstract RepeatedField<CallPrincipal> Bind { get; }

    /// <summary>The answers of the frame read last.</summary>
    public abstract RepeatedField<TResult> Results { get; }

    /// <summary>What the frame read last says of the stream.</summary>
    public abstract CallControl? Control { get; }

    /// <summary>Writes the next frame.</summary>
    public abstract Task WriteAsync();

    /// <summary>Half-closes.</summary>
    public abstract Task CompleteAsync();

    /// <summary>Reads a frame. False when the callee has ended the stream in good order.</summary>
    public abstract Task<bool> ReadAsync();

    /// <summary>Ends the stream at once; reads and writes under way fail. May be called more than once, by any thread.</summary>
    public abstract void Dispose();
}

/// <summary>A call stream over gRPC. The request frame is used again for every write.</summary>
internal sealed class GrpcCallTransport<TRequestFrame, TCall, TResponseFrame, TResult>(
    AsyncDuplexStreamingCall<TRequestFrame, TResponseFrame> call) : CallTransport<TCall, TResult>
    where TRequestFrame : class, ICallFrame<TCall>, new()
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
{
    private readonly TRequestFrame _frame = new();

    public override RepeatedField<TCall> Calls => _frame.Calls;

    public override RepeatedField<ulong> CancelCallIds => _frame.CancelCallIds;

    public override RepeatedField<CallPrincipal> Bind => _frame.Bind;

    public override RepeatedField<TResult> Results => call.ResponseStream.Current.Results;

    public override CallControl? Control => call.ResponseStream.Current.Control;

    public override async Task WriteAsync()
    {
        // Serialised before it returns; no token: on the client it would cancel the whole stream, not the write.
        await call.RequestStream.WriteAsync(_frame);
        _frame.Calls.Clear();
        _frame.CancelCallIds.Clear();
        _frame.Bind.Clear();
    }

    public override Task CompleteAsync() => call.RequestStream.CompleteAsync();

    public override Task<bool> ReadAsync() => call.ResponseStream.MoveNext(CancellationToken.None);

    public override void Dispose() => call.Dispose();
}
