using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// What the caller's side knows about one open stream. Guarded by the lock of the <see cref="CallTable{TCall, TResult}"/>, except for the signals.
/// </summary>
/// <param name="replica">The replica that the stream goes to; compared by reference.</param>
internal sealed class StreamLink<TCall, TResult>(object replica)
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<TimeSpan> _leaving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal object Replica { get; } = replica;

    internal StreamState State { get; set; } = StreamState.Opening;

    /// <summary>How many calls may be unanswered, as the callee said.</summary>
    internal int Credit { get; set; }

    /// <summary>Copies that are queued here or sent and unanswered: the load by which a replica is chosen.</summary>
    internal int Outstanding { get; set; }

    /// <summary>The copies that are not sent yet. One whose call is null is not sent at all.</summary>
    internal Queue<Attempt<TCall, TResult>> Outgoing { get; } = [];

    /// <summary>The ids of copies that were sent and whose answers nobody wants any more.</summary>
    internal List<ulong> Cancels { get; } = [];

    /// <summary>The tokens that the callee knows by their numbers; null while no call had one.</summary>
    internal StreamPrincipals? Principals { get; set; }

    /// <summary>The copies that were sent, by their ids.</summary>
    internal Dictionary<ulong, Attempt<TCall, TResult>> Unanswered { get; } = [];

    /// <summary>Wakes the writer.</summary>
    internal SingleWaiterAutoResetEvent Work { get; } = new();

    /// <summary>Completes when the callee has announced credit.</summary>
    internal Task Ready => _ready.Task;

    /// <summary>Completes when the callee is about to leave, with how long to stay away from it.</summary>
    internal Task<TimeSpan> Leaving => _leaving.Task;

    internal bool HasRoom => Outstanding < Credit;

    /// <summary>Queues a copy for the next frame.</summary>
    internal void Enqueue(Attempt<TCall, TResult> attempt)
    {
        attempt.Stream = this;
        Outstanding++;
        Outgoing.Enqueue(attempt);
        Work.Set();
    }

    /// <summary>Nobody wants the answer of this copy any more: it is cancelled if it was sent, and never sent if it was not.</summary>
    internal void Abandon(Attempt<TCall, TResult> attempt)
    {
        attempt.Call = null;
        if (attempt.IsSent)
            Cancels.Add(attempt.Id);
        else
            Outstanding--;
        Work.Set();
    }

    /// <summary>The copy with this id, which is now answered; null when it was answered before, since a callee may repeat itself.</summary>
    internal Attempt<TCall, TResult>? TakeAnswered(ulong id)
    {
        if (Unanswered.Remove(id, out var attempt))
            Outstanding--;
        return attempt;
    }

    internal void SetReady() => _ready.TrySetResult();

    internal void SetLeaving(TimeSpan reconnectAfter) => _leaving.TrySetResult(reconnectAfter);
}

/// <summary>The states of a stream, in order.</summary>
internal enum StreamState
{
    /// <summary>No credit announced yet.</summary>
    Opening,

    /// <summary>Takes calls.</summary>
    Ready,

    /// <summary>Takes no calls any more; what was sent is awaited.</summary>
    Retiring,

    /// <summary>Half-closed: nothing is outstanding.</summary>
    Completed,

    /// <summary>Ended.</summary>
    Broken,
}

/// <summary>What the writer has to do next.</summary>
internal enum WriterStep
{
    /// <summary>Wait for work.</summary>
    Wait,

    /// <summary>Write the frame.</summary>
    Write,

    /// <summary>Half-close.</summary>
    Complete,

    /// <summary>Stop: the stream has ended.</summary>
    Stop,
}
