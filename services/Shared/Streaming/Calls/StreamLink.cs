using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>What the table knows of one open stream. Guarded by the table's lock, but for the signals.</summary>
/// <param name="replica">Whose stream it is; compared by reference.</param>
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

    /// <summary>Calls queued here or sent and unanswered: the load that the choice of a replica goes by.</summary>
    internal int Outstanding { get; set; }

    internal Queue<Attempt<TCall, TResult>> Outgoing { get; } = [];

    internal List<ulong> Cancels { get; } = [];

    internal Dictionary<ulong, Attempt<TCall, TResult>> Unanswered { get; } = [];

    /// <summary>Wakes the writer.</summary>
    internal SingleWaiterAutoResetEvent Work { get; } = new();

    /// <summary>Completes when the callee has announced credit.</summary>
    internal Task Ready => _ready.Task;

    /// <summary>Completes when the callee is about to leave; with how long to stay away.</summary>
    internal Task<TimeSpan> Leaving => _leaving.Task;

    internal bool HasRoom => Outstanding < Credit;

    internal void SetReady() => _ready.TrySetResult();

    internal void SetLeaving(TimeSpan reconnectAfter) => _leaving.TrySetResult(reconnectAfter);
}

/// <summary>How far a stream has come.</summary>
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
