namespace Microservices.Gateway.Operations;

/// <summary>A stream that is open at a replica, as it is now: the data of `event: stream`.</summary>
public sealed record StreamStatus
{
    /// <summary>Names the stream, among those of all replicas. Opaque.</summary>
    public required string StreamId { get; init; }

    /// <summary>The service that serves it: orders.</summary>
    public required string Service { get; init; }

    /// <summary>The replica, by its address.</summary>
    public required string Replica { get; init; }

    /// <summary>What it is: event, call, command, server, or sse.</summary>
    public required string Kind { get; init; }

    /// <summary>The method, or the route: orders.v1.OrdersService/WatchOrders.</summary>
    public required string Method { get; init; }

    /// <summary>Whose it is: a user's id, or service:gateway; absent where anybody may call.</summary>
    public string? User { get; init; }

    /// <summary>Where its connection comes from.</summary>
    public required string Peer { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset OpenTime { get; init; }

    /// <summary>Until when it may go on by the token that was shown last; absent where no token is asked for.</summary>
    public DateTimeOffset? TokenExpireTime { get; init; }

    /// <summary>What waits to be written, in bytes.</summary>
    public required long QueuedBytes { get; init; }

    /// <summary>How many events, or answers to calls, were written.</summary>
    public required long Sent { get; init; }

    /// <summary>How many events it is behind the heads of its topics, over all of its subscriptions.</summary>
    public required long Lag { get; init; }

    /// <summary>How many subscriptions it has; of a call stream, how many calls are unanswered.</summary>
    public required int Subscriptions { get; init; }

    /// <summary>Of the subscriptions those that lag the most, 3 at most.</summary>
    public required IReadOnlyList<SuiteSubscription> MostBehind { get; init; }

    /// <summary>Its client was asked to leave.</summary>
    public required bool Draining { get; init; }
}

/// <summary>One subscription of a stream.</summary>
public sealed record SuiteSubscription
{
    /// <summary>What it is about; absent where it is not about a key.</summary>
    public string? Key { get; init; }

    /// <summary>What it gets when it reads slowly: LOSSLESS or LATEST.</summary>
    public required string Delivery { get; init; }

    /// <summary>How many events it is behind.</summary>
    public required long Lag { get; init; }

    /// <summary>Its topics, those that lag the most first, 4 at most; none while a snapshot is read, and at the gateway.</summary>
    public required IReadOnlyList<string> Topics { get; init; }
}

/// <summary>Where the client stands after the streams that it was just told of: the data of `event: streams`.</summary>
public sealed record StreamsState
{
    /// <summary>When it was so.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The streams that have ended, or that are not told of any more since others lag more.</summary>
    public required IReadOnlyList<string> GoneStreamIds { get; init; }

    /// <summary>How many streams are open that are not told of.</summary>
    public required int LeftOut { get; init; }

    /// <summary>How many streams have changed, and could not be told of yet.</summary>
    public required int Behind { get; init; }

    /// <summary>Whether what was told is what is open: nothing is behind, and every replica has told of its streams, or is lost.</summary>
    public required bool Complete { get; init; }

    /// <summary>The replicas of which nothing is heard: their streams are not told of.</summary>
    public required IReadOnlyList<LostReplica> Lost { get; init; }
}

/// <summary>A replica of which nothing is heard.</summary>
public sealed record LostReplica
{
    /// <summary>Its service.</summary>
    public required string Service { get; init; }

    /// <summary>Its address.</summary>
    public required string Replica { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset LostTime { get; init; }
}
