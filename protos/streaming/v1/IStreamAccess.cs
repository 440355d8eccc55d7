using Google.Protobuf;
using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>Says what the caller of a stream may ask for on it, and for how long, when one is registered in the process. Thread-safe.</summary>
public interface IStreamAccess
{
    /// <summary>The rights of the caller of a stream, who was let in.</summary>
    IStreamRights Of(ServerCallContext stream);
}

/// <summary>What a call or a subscription may be about, by whoever makes it. Thread-safe.</summary>
public interface ICallRights
{
    /// <summary>The only user whose things it may be about; null for everybody's.</summary>
    string? Owner { get; }

    /// <summary>
    /// Why a part of the stream is refused: a call of a call stream, a frame that subscribes, or its subscription; null when it is let through. It is
    /// asked under a lock: it answers at once and does not call back.
    /// </summary>
    Google.Rpc.Status? Refusal(IMessage part);
}

/// <summary>What came of a token that was bound: the rights of its owner, for as long as the stream lives, or why a call in the owner's name is refused now.</summary>
public readonly record struct BoundRights(ICallRights? Rights, Google.Rpc.Status? Refusal);

/// <summary>What the caller of one stream may ask for on it, and for how long. Thread-safe.</summary>
public interface IStreamRights : ICallRights
{
    /// <summary>Whose they are, as operators are told: a user id, or <c>service:gateway</c>.</summary>
    string Caller { get; }

    /// <summary>When they expire, unless they are renewed.</summary>
    DateTimeOffset Expires { get; }

    /// <summary>
    /// Counts a subscription against what its caller may have open. Why it is refused; null when it may begin, and <see cref="Unsubscribed"/> is then to be called when it has ended.
    /// It is asked under a lock: it answers at once and does not call back.
    /// </summary>
    Google.Rpc.Status? Subscribing();

    /// <summary>A subscription has ended that <see cref="Subscribing"/> let begin.</summary>
    void Unsubscribed();

    /// <summary>Why the stream must end now; null while it may go on. It answers at once.</summary>
    Google.Rpc.Status? Ending();

    /// <summary>Checks a token that is shown for calls in its owner's name. It never throws.</summary>
    ValueTask<BoundRights> BindAsync(string token);

    /// <summary>Takes a newer token of the same caller. Returns why the stream must end instead; null when it may go on, until <see cref="Expires"/>.</summary>
    ValueTask<Google.Rpc.Status?> RenewAsync(string token, CancellationToken cancellationToken);
}
