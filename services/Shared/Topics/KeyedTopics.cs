using Google.Protobuf.Reflection;
using Microservices.EventLog;
using Microservices.Primitives;

namespace Microservices.Topics;

/// <summary>
/// The topics of a service whose events are each about one key, such as a user or a device: a topic for each key, which those who watch one
/// follow, and a fixed number of partitions of all keys, which those who process everything consume. An event goes to both. Immutable.
/// </summary>
/// <param name="service">What the names begin with, such as "orders".</param>
/// <param name="key">What a key stands for, such as "user": the topic of one is orders/user/{key}. Stored, as the other is: never to be changed.</param>
/// <param name="events">What the events are; null where operators are to see their bytes only.</param>
public sealed class KeyedTopics(string service, string key, MessageDescriptor? events = null)
{
    /// <summary>How many partitions there are. Never to be changed: an event's place would.</summary>
    public const int Partitions = 16;

    /// <summary>What all names begin with.</summary>
    public string Prefix { get; } = $"{service}/";

    /// <summary>What the events are; null where operators see their bytes only.</summary>
    public MessageDescriptor? Events => events;

    /// <summary>All partitions, which together have every event once.</summary>
    public IReadOnlyList<string> All { get; } = [.. Enumerable.Range(0, Partitions).Select(partition => $"{service}/partition/{partition}")];

    /// <summary>The events about one key.</summary>
    public string OfKey(string value) => $"{Prefix}{key}/{value}";

    /// <summary>The place after the newest event of each of some topics, by where these end.</summary>
    internal static Cursor PlaceAfter(IReadOnlyList<TopicHead> ends) => Cursor.Combine([.. ends.Select(end => Cursor.At(end.Topic, end.Epoch, end.LastOffset))]);

    /// <summary>The partition that a key is in, for good.</summary>
    public static int PartitionOf(string value) => (int)(StableHash.Of(value) % Partitions);

    /// <summary>Where an event about that key goes.</summary>
    public IReadOnlyList<string> For(string value) => [OfKey(value), All[PartitionOf(value)]];
}
