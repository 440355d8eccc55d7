using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Hosting.Errors;
using Microservices.Topics;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Webhooks;

/// <summary>What becomes of deliveries: of those of one owner, of one partition, or of all. A snapshot has the pending, oldest first.</summary>
internal sealed class WatchDeliveries(IEventLog log, SnapshotReader<WebhooksDbContext> snapshots)
    : TopicSource<WebhooksDbContext>(DeliveryEvents.Topics, WebhooksErrors.Domain, log, snapshots)
{
    protected override void CheckKey(FieldViolations violations, string field, string key) => violations.CheckOwner(field, key);

    protected override IAsyncEnumerable<SnapshotItem> Snapshot(WebhooksDbContext context, SnapshotScope scope, string after, int count)
    {
        var wanted = scope.Key.Length > 0 ? context.Deliveries.Where(d => d.OwnerId == scope.Key)
            : scope.Partition is { } partition ? context.Deliveries.Where(d => d.Partition == partition)
            : context.Deliveries;
        return wanted
            .Where(d => d.State == DeliveryState.Pending && string.Compare(d.DeliveryId, after) > 0)
            .OrderBy(d => d.DeliveryId)
            .Take(count)
            .AsAsyncEnumerable()
            .Select(d => new SnapshotItem(d.DeliveryId, new DeliveryEvent { Delivery = d.ToMessage(), Time = d.CreateTime.ToTimestamp() }));
    }
}
