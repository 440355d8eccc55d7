using Google.Protobuf;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// One copy of a call on one stream. It is first in that stream's queue, then among its unanswered. Used again; guarded by the lock of the
/// <see cref="CallTable{TCall, TResult}"/>.
/// </summary>
internal sealed class Attempt<TCall, TResult>
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult
{
    /// <summary>The call; null once nobody wants the answer of this copy.</summary>
    internal PendingCall<TCall, TResult>? Call { get; set; }

    internal StreamLink<TCall, TResult> Stream { get; set; } = null!;

    internal TCall Message { get; set; } = null!;

    internal ulong Id { get; set; }

    internal bool IsHedge { get; set; }

    internal bool IsSent { get; set; }

    internal long SentAt { get; set; }

    /// <summary>The deadline that the callee was given.</summary>
    internal long Deadline { get; set; }

    internal void Reset()
    {
        Call = null;
        Stream = null!;
        Message = null!;
        IsHedge = IsSent = false;
    }
}
