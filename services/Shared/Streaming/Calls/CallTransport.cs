using Google.Protobuf.Collections;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// One open stream, whatever its frames are called. One reader and one writer, independent of each other. Every member that fails
/// does so because the stream has ended.
/// </summary>
internal abstract class CallTransport<TCall, TResult> : IDisposable
{
    /// <summary>The calls of the next frame; empty again after <see cref="WriteAsync"/>.</summary>
    internal abstract RepeatedField<TCall> Calls { get; }

    /// <summary>The cancellations of the next frame; empty again after <see cref="WriteAsync"/>.</summary>
    internal abstract RepeatedField<ulong> CancelCallIds { get; }

    /// <summary>The answers of the frame read last.</summary>
    internal abstract RepeatedField<TResult> Results { get; }

    /// <summary>What the frame read last says of the stream.</summary>
    internal abstract CallControl? Control { get; }

    internal abstract Task WriteAsync();

    internal abstract Task CompleteAsync();

    /// <summary>False when the callee has ended the stream in good order.</summary>
    internal abstract Task<bool> ReadAsync();

    /// <summary>Ends the stream at once; reads and writes under way fail. May be called more than once, by any thread.</summary>
    public abstract void Dispose();
}

/// <summary>A way to one replica, over which streams are opened. Thread-safe.</summary>
internal abstract class ReplicaConnection<TCall, TResult> : IDisposable
{
    internal abstract ValueTask<CallTransport<TCall, TResult>> OpenAsync(CancellationToken cancellationToken);

    public abstract void Dispose();
}
