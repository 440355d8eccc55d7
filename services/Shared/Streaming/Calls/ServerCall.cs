using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>One call that arrived, until it is answered and its batch is done. Reused; guarded by its stream's lock.</summary>
internal sealed class ServerCall<TCall, TResult>(CallStreamState<TCall, TResult> stream) : DeadlineNode
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    internal TCall Message { get; set; } = null!;

    internal ulong Id { get; set; }

    /// <summary>Counts its uses, so that an answer meant for an earlier call is recognised.</summary>
    internal int Generation { get; set; }

    internal bool IsAnswered { get; set; }

    internal long ArrivedAt { get; set; }

    /// <summary>Null while it waits for a batch.</summary>
    internal CallBatch<TCall, TResult>? Batch { get; set; }

    protected override void OnDeadline() =>
        stream.Expire(this, StatusCode.DeadlineExceeded, "The call was not answered in time.");
}
