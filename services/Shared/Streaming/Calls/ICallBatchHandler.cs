using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// Answers calls, a batch at a time: whatever arrived while the handlers were busy. Each batch has an instance of its own, from a scope of its
/// own, so that it may have a DbContext. Several batches of one stream may be handled at the same time.
/// </summary>
public interface ICallBatchHandler<TCall, TResult>
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    /// <summary>
    /// Answers every call of the batch before it returns; each answer is sent as soon as it is there. Calls that it leaves unanswered are
    /// answered INTERNAL or, when it throws, with what the process's <see cref="IErrorMapper"/> says.
    /// </summary>
    /// <param name="batch">The calls; not to be used after the return.</param>
    /// <param name="cancellationToken">Cancelled when nobody waits for any of the calls any more: their deadlines have passed, they were
    /// cancelled, or the stream has ended.</param>
    ValueTask HandleAsync(CallBatch<TCall, TResult> batch, CancellationToken cancellationToken);
}
