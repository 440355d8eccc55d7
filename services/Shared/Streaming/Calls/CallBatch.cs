using System.Buffers;
using System.Collections;
using System.Diagnostics;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>Calls that are handled together. Calls may be answered from any thread, in any order.</summary>
public sealed class CallBatch<TCall, TResult> : IReadOnlyList<BatchedCall<TCall, TResult>>
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly OpenCalls<TCall, TResult> _open;
    private readonly IErrorMapper _errors;

    internal CallBatch(OpenCalls<TCall, TResult> open, ServerCallContext context, IErrorMapper errors)
    {
        _open = open;
        _errors = errors;
        Context = context;
    }

    /// <summary>The stream's context: who calls, with which metadata.</summary>
    public ServerCallContext Context { get; }

    /// <inheritdoc/>
    public int Count => Calls.Count;

    /// <inheritdoc/>
    public BatchedCall<TCall, TResult> this[int index] => new(_open, Calls[index], Calls[index].Generation);

    internal List<ServerCall<TCall, TResult>> Calls { get; } = [];

    /// <summary>The spans of the calls whose callers record theirs. The handler works under the first; null when there are none.</summary>
    internal List<Activity>? Spans { get; set; }

    /// <summary>How many calls have no answer yet. Guarded by the stream's lock, as the next two are.</summary>
    internal int Unanswered { get; set; }

    /// <summary>Cancels the handler; null when it does not run, or when it is cancelled already.</summary>
    internal CancellationTokenSource? Running { get; set; }

    /// <summary>The cancelling of the handler, while it is under way.</summary>
    internal Task Cancelling { get; set; } = Task.CompletedTask;

    /// <summary>
    /// Answers all calls at once, so that they travel in as few frames as they fit into. When the function throws, that call fails alone. A
    /// result with an error set is an error; null leaves the call for later.
    /// </summary>
    public void AnswerEach(Func<TCall, TResult?> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var answers = ArrayPool<TResult?>.Shared.Rent(Count);
        for (var i = 0; i < Count; i++)
            answers[i] = this[i].IsAnswered ? null : Make(answer, Calls[i].Message);
        _open.Answer(Calls, answers);
        ArrayPool<TResult?>.Shared.Return(answers, clearArray: true);
    }

    /// <summary>
    /// Answers the calls that are about a user whose things those may not see that they are made for. The stream has refused them already, by what the contract
    /// states; a handler holds to it too.
    /// </summary>
    public void RefuseOthers(Func<TCall, string> ownerOf, Google.Rpc.Status refusal)
    {
        ArgumentNullException.ThrowIfNull(ownerOf);
        ArgumentNullException.ThrowIfNull(refusal);
        for (var i = 0; i < Count; i++)
        {
            if (this[i] is { Owner: { } owner } call && ownerOf(call.Message) != owner)
                call.Fail(refusal.Clone());
        }
    }

    /// <summary>
    /// Completes when what was answered by now is written, or never will be. A handler whose answers are large makes the next ones when the
    /// caller has taken the last, and so holds a few of them only, however slowly they are read.
    /// </summary>
    /// <exception cref="OperationCanceledException">Nobody waits for any of the calls any more.</exception>
    public Task WaitForWrittenAsync(CancellationToken cancellationToken) => _open.WhenWrittenAsync().WaitAsync(cancellationToken);

    /// <summary>Cancels the handler when the last of its calls is answered without it. Under the stream's lock.</summary>
    internal void CancelWhenAnswered()
    {
        if (Unanswered > 0 || Running is not { } running)
            return;
        // Asynchronously: the handler's callbacks must not run under the lock. The batch's worker awaits it.
        Running = null;
        Cancelling = running.CancelAsync();
    }

    /// <inheritdoc/>
    public IEnumerator<BatchedCall<TCall, TResult>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private TResult? Make(Func<TCall, TResult?> answer, TCall message)
    {
        try
        {
            return answer(message);
        }
        catch (Exception e)
        {
            return new TResult { Error = _errors.ToStatus(e, Context.Method) };
        }
    }
}
