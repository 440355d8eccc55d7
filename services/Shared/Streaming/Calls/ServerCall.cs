using System.Diagnostics;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>One call that has arrived, until it is answered and its batch is done. Used again; guarded by its stream's lock.</summary>
internal sealed class ServerCall<TCall, TResult>(OpenCalls<TCall, TResult> calls) : DeadlineNode
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    internal TCall Message { get; set; } = null!;

    internal ulong Id { get; set; }

    /// <summary>Counts its uses, so that an answer meant for an earlier call is recognised.</summary>
    internal int Generation { get; set; }

    internal bool IsAnswered { get; set; }

    /// <summary>What it may be about; null for everything.</summary>
    internal ICallRights? Rights { get; set; }

    internal long ArrivedAt { get; set; }

    /// <summary>Its span, while it is handled; null when its caller records none.</summary>
    internal Activity? Span { get; set; }

    /// <summary>The batch that it is handled in; null while it waits for one.</summary>
    internal CallBatch<TCall, TResult>? Batch { get; set; }

    /// <inheritdoc/>
    protected override void OnDeadline() =>
        calls.ExpireUnsynchronized(this, StatusCode.DeadlineExceeded, "The call was not answered in time.");
}
