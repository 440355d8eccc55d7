using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>One call of a batch. It is answered once: by its handler, its deadline or its cancellation, whichever is first. Thread-safe.</summary>
public readonly struct BatchedCall<TCall, TResult> : IEquatable<BatchedCall<TCall, TResult>>
    where TCall : class, ICall
    where TResult : class, ICallResult, new()
{
    private readonly OpenCalls<TCall, TResult> _open;
    private readonly ServerCall<TCall, TResult> _call;
    private readonly int _generation;
    private readonly ICallRights? _rights;

    internal BatchedCall(OpenCalls<TCall, TResult> open, ServerCall<TCall, TResult> call, int generation)
    {
        (_open, _call, _generation) = (open, call, generation);
        Message = call.Message;
        _rights = call.Rights;
    }

    /// <summary>What is asked.</summary>
    public TCall Message { get; }

    /// <summary>The only user whose things it may be about, by whoever it is made for; null for everybody's.</summary>
    public string? Owner => _rights?.Owner;

    /// <summary>Whether it has an answer already: working on it is of no use.</summary>
    public bool IsAnswered => _open.IsAnswered(_call, _generation);

    /// <summary>Answers the call. False when it has an answer already. A result with an error set is an error.</summary>
    public bool Answer(TResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return _open.Answer(_call, _generation, result);
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
