using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Topics;

/// <summary>
/// The topics of a service whose events are each about something of one user: one topic for each user, for who watches one, and a
/// fixed number of partitions of all users, for who processes everything. An event goes to both. Immutable.
/// </summary>
/// <param name="service">What the names begin with, such as "orders".</param>
public sealed class UserTopics(string service)
{
    /// <summary>How many partitions there are. Never to be changed: an event's place would.</summary>
    public const int Partitions = 16;

    /// <summary>What all names begin with.</summary>
    public string Prefix { get; } = $"{service}/";

    /// <summary>All partitions, which together have every event once.</summary>
    public IReadOnlyList<string> All { get; } = [.. Enumerable.Range(0, Partitions).Select(partition => $"{service}/feed/{partition}")];

    /// <summary>The events of one user.</summary>
    public string OfUser(string userId) => $"{Prefix}user/{userId}";

    /// <summary>The place after the newest event of each of these topics, of which these are the ends.</summary>
    internal static Cursor PlaceAfter(IReadOnlyList<string> topics, IReadOnlyList<OutboxHead> ends) =>
        Cursor.Combine([.. topics.Select((topic, i) => Cursor.At(topic, ends[i].Epoch, ends[i].LastOffset))]);

    /// <summary>The partition that a user is in, for good.</summary>
    public static int PartitionOf(string userId) => Partition.Of(userId, Partitions);

    /// <summary>Where an event of that user goes.</summary>
    public IReadOnlyList<string> For(string userId) => [OfUser(userId), All[PartitionOf(userId)]];
}
