using System.Buffers;
using System.Collections;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>Calls that are handled together. Calls may be answered from any thread, in any order.</summary>
public sealed class CallBatch<TCall, TResult> : IReadOnlyList<BatchedCall<TCall, TResult>>
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly CallStreamState<TCall, TResult> _stream;

    internal CallBatch(CallStreamState<TCall, TResult> stream, ServerCallContext context)
    {
        _stream = stream;
        Context = context;
    }

    /// <summary>The stream's context: who calls, with which metadata.</summary>
    public ServerCallContext Context { get; }

    /// <inheritdoc/>
    public int Count => Calls.Count;

    /// <inheritdoc/>
    public BatchedCall<TCall, TResult> this[int index] => new(_stream, Calls[index], Calls[index].Generation);

    internal List<ServerCall<TCall, TResult>> Calls { get; } = [];

    /// <summary>How many have no answer yet; guarded by the stream's lock.</summary>
    internal int Unanswered { get; set; }

    /// <summary>Cancels the handler; null when it does not run, or is cancelled already.</summary>
    internal CancellationTokenSource? Running { get; set; }

    /// <summary>The cancelling of the handler, while it is under way.</summary>
    internal Task Cancelling { get; set; } = Task.CompletedTask;

    /// <summary>
    /// Answers all calls at once, so that they travel in as few frames as they fit. A call whose answer cannot be made (the function
    /// throws) fails alone. A result with an error set is an error; no result leaves the call for later.
    /// </summary>
    public void AnswerEach(Func<TCall, TResult?> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var answers = ArrayPool<TResult?>.Shared.Rent(Count);
        for (var i = 0; i < Count; i++)
            answers[i] = this[i].IsAnswered ? null : _stream.Make(answer, Calls[i].Message);
        _stream.Answer(Calls, answers);
        ArrayPool<TResult?>.Shared.Return(answers, clearArray: true);
    }

    /// <summary>
    /// Completes when what was answered by now is written, or never will be: a handler whose answers are large makes the next when the caller
    /// has taken the last, and so holds a few of them, however slowly they are read.
    /// </summary>
    /// <exception cref="OperationCanceledException">Nobody waits for any of the calls any more.</exception>
    public Task WaitForWrittenAsync(CancellationToken cancellationToken) => _stream.WaitForWrittenAsync().WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public IEnumerator<BatchedCall<TCall, TResult>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>One call of a batch. Answered once: by the handler, by its deadline, by its cancellation, whichever is first. Thread-safe.</summary>
public readonly struct BatchedCall<TCall, TResult> : IEquatable<BatchedCall<TCall, TResult>>
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly CallStreamState<TCall, TResult> _stream;
    private readonly ServerCall<TCall, TResult> _call;
    private readonly int _generation;

    internal BatchedCall(CallStreamState<TCall, TResult> stream, ServerCall<TCall, TResult> call, int generation)
    {
        (_stream, _call, _generation) = (stream, call, generation);
        Message = call.Message;
    }

    /// <summary>What is asked.</summary>
    public TCall Message { get; }

    /// <summary>Whether it has an answer already: working on it is of no use.</summary>
    public bool IsAnswered => _stream.IsAnswered(_call, _generation);

    /// <summary>Answers the call. False when it has an answer already. A result with an error set is an error.</summary>
    public bool Answer(TResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return _stream.Answer(_call, _generation, result);
    }

    /// <summary>Answers the call with a status, which must not be OK. False when it has an answer already.</summary>
    public bool Fail(Google.Rpc.Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        ArgumentOutOfRangeException.ThrowIfZero(status.Code);
        return Answer(new TResult { Error = status });
    }

    /// <summary>Answers the call with a code, which must not be OK, and a text for people.</summary>
    public bool Fail(StatusCode code, string message) => Fail(new Google.Rpc.Status { Code = (int)code, Message = message });

    /// <inheritdoc/>
    public bool Equals(BatchedCall<TCall, TResult> other) => ReferenceEquals(_call, other._call) && _generation == other._generation;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BatchedCall<TCall, TResult> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_call, _generation);

    /// <summary>Whether both are the same call.</summary>
    public static bool operator ==(BatchedCall<TCall, TResult> left, BatchedCall<TCall, TResult> right) => left.Equals(right);

    /// <summary>Whether they are different calls.</summary>
    public static bool operator !=(BatchedCall<TCall, TResult> left, BatchedCall<TCall, TResult> right) => !left.Equals(right);
}
