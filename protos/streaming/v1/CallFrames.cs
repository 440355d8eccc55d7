using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Microservices.Streaming.V1;

/// <summary>How large the messages of the suite may be, in bytes: stated here once, for those who send and those who take them.</summary>
public static class MessageSizes
{
    /// <summary>The largest message that a service takes: 1 MiB. One that is larger ends its stream, with all the calls on it.</summary>
    public const int MaxRequest = 1 << 20;

    /// <summary>The most that calls may take of a frame, which has other fields, too: 64 KiB less than <see cref="MaxRequest"/>.</summary>
    public const int MaxCalls = MaxRequest - (64 << 10);
}

/// <summary>How many tokens a call stream knows, at both ends: stated here once, so that the caller forgets what the callee does.</summary>
public static class CallPrincipals
{
    /// <summary>How many numbers a stream keeps.</summary>
    public const int MaxKept = 16_384;

    /// <summary>How long their tokens may be together, in characters.</summary>
    public const int MaxKeptLength = 16 << 20;

    /// <summary>How many numbers a frame may bind.</summary>
    public const int MaxPerFrame = 256;

    /// <summary>The longest token that is sent, in characters.</summary>
    public const int MaxTokenLength = 8 * 1024;

    /// <summary>With UNAVAILABLE, in google.rpc.ErrorInfo: the call was not made, since its principal is not known.</summary>
    public const string UnknownReason = "PRINCIPAL_UNKNOWN";
}

/// <summary>A call as it travels in a frame. The messages of a call stream have these members; its generator says so.</summary>
public interface ICall
{
    /// <summary>Chosen by the caller; unique among the unanswered calls of the stream.</summary>
    ulong CallId { get; set; }

    /// <summary>Milliseconds after which the callee answers DEADLINE_EXCEEDED; 0 for no deadline.</summary>
    uint TimeoutMs { get; set; }

    /// <summary>In whose name it is made: 0 for whoever opened the stream, or a number that a token was bound to.</summary>
    uint PrincipalId { get; set; }

    /// <summary>The caller's span, as 16 bytes of trace-id and 8 of parent-id; empty when its trace is not sampled.</summary>
    ByteString TraceContext { get; set; }
}

/// <summary>A lookup by a key, whose caller may still have an earlier answer. Its key is the field with number 3.</summary>
public interface IKeyedLookup : ICall
{
    /// <summary>What is looked up.</summary>
    string Key { get; }

    /// <summary>Whether the caller wants an etag.</summary>
    bool HasKnownEtag { get; }

    /// <summary>The etag of the answer that the caller has; 0 for none.</summary>
    ulong KnownEtag { get; }
}

/// <summary>The answer to one call: a result, or the status that says why there is none.</summary>
public interface ICallResult
{
    /// <summary>The call that this answers.</summary>
    ulong CallId { get; set; }

    /// <summary>Why there is no result; null when there is one.</summary>
    Google.Rpc.Status? Error { get; set; }
}

/// <summary>A frame from the caller of a call stream, whatever its calls: a stream of these is a call stream.</summary>
public interface ICallFrame;

/// <summary>A frame from the caller of a call stream.</summary>
public interface ICallFrame<TCall> : ICallFrame
{
    /// <summary>New calls.</summary>
    RepeatedField<TCall> Calls { get; }

    /// <summary>Earlier calls whose answer is not wanted any more.</summary>
    RepeatedField<ulong> CancelCallIds { get; }

    /// <summary>Who calls are made for, from this frame on.</summary>
    RepeatedField<CallPrincipal> Bind { get; }
}

/// <summary>A frame from the callee of a call stream.</summary>
public interface ICallResultFrame<TResult>
{
    /// <summary>Answers that are ready, in no order.</summary>
    RepeatedField<TResult> Results { get; }

    /// <summary>Credit and drain; null when there is nothing to say.</summary>
    CallControl? Control { get; set; }
}
