using Microservices.EventLog;
using Microservices.Topics;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>What sources tell of what they have received. An event's key is the message's id.</summary>
internal static class ReceivedEvents
{
    public static readonly KeyedTopics Topics = new("webhooks/received", "owner", ReceivedEvent.Descriptor);
}

/// <summary>What the sources of one owner receive, of one partition, or of all. What was received is no state: a snapshot is empty.</summary>
internal sealed class WatchReceived(IEventLog log, SnapshotReader<WebhooksDbContext> snapshots)
    : TopicSource<WebhooksDbContext>(ReceivedEvents.Topics, WebhooksErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(WebhooksDbContext context, SnapshotScope scope, string after, int count) => AsyncEnumerable.Empty<SnapshotItem>();
}
