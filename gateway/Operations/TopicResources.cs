using System.Text.Json;

namespace Microservices.Gateway.Operations;

/// <summary>A topic of a service, as it is now.</summary>
public sealed record TopicStatus
{
    /// <summary>The service whose it is: orders.</summary>
    public required string Service { get; init; }

    /// <summary>Its name: orders/user/ada.</summary>
    public required string Topic { get; init; }

    /// <summary>The life of its numbering: offsets of different epochs do not compare.</summary>
    public required string Epoch { get; init; }

    /// <summary>The offset of its newest event. Offsets begin with 1 and have no gaps.</summary>
    public required long Head { get; init; }

    /// <summary>The offset of the oldest event that can still be read; one more than the head when none can.</summary>
    public required long Tail { get; init; }

    /// <summary>When its newest event was committed.</summary>
    public required DateTimeOffset UpdateTime { get; init; }

    /// <summary>How many subscriptions the replicas that have answered have to it now.</summary>
    public required int Readers { get; init; }

    /// <summary>How many of its events the log has; absent while the log does not answer.</summary>
    public long? LogEvents { get; init; }

    /// <summary>How many bytes these are; absent while the log does not answer.</summary>
    public long? LogBytes { get; init; }
}

/// <summary>A page of topics.</summary>
public sealed record TopicPage
{
    /// <summary>The topics, by service and name.</summary>
    public required IReadOnlyList<TopicStatus> Topics { get; init; }

    /// <summary>Where the next page begins; absent when this is the last one.</summary>
    public string? NextPageToken { get; init; }

    /// <summary>The replicas that have not answered: their readers are not counted, and where all of a service are silent its topics are missing.</summary>
    public required IReadOnlyList<SilentReplica> Silent { get; init; }
}

/// <summary>A replica that has not answered.</summary>
public sealed record SilentReplica
{
    /// <summary>Its service.</summary>
    public required string Service { get; init; }

    /// <summary>Its address; absent where none of the service's is known now.</summary>
    public string? Replica { get; init; }
}

/// <summary>An event of a topic: the data of `event: event`.</summary>
public sealed record ShownEvent
{
    /// <summary>Its place in the topic.</summary>
    public required long Offset { get; init; }

    /// <summary>When it was published.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What it is about; absent where it has no key.</summary>
    public string? Key { get; init; }

    /// <summary>How many bytes its payload has.</summary>
    public required int Size { get; init; }

    /// <summary>The message that the payload is: orders.v1.OrderEvent; absent where it is not known.</summary>
    public string? MessageType { get; init; }

    /// <summary>What is in it, where that is known: the JSON of Protocol Buffers.</summary>
    public JsonElement? Value { get; init; }

    /// <summary>The payload, in base64.</summary>
    public required string Payload { get; init; }
}

/// <summary>How far a watch of a topic has come: the data of `event: position`.</summary>
public sealed record TopicPosition
{
    /// <summary>When it was so.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The epoch of the offsets; empty where it is not known yet.</summary>
    public required string Epoch { get; init; }

    /// <summary>The offset of the last event that was looked at, shown or not.</summary>
    public required long Offset { get; init; }

    /// <summary>The offset of the newest event: the watch is behind while it is greater.</summary>
    public required long Head { get; init; }

    /// <summary>How many events were not shown since this stream began, since they came faster than events are shown.</summary>
    public required long LeftOut { get; init; }

    /// <summary>Why what comes next does not follow what came before: truncated, forked, or epochChanged; absent where it does.</summary>
    public string? Reset { get; init; }
}
