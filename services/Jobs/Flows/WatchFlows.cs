using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Jobs.V1;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>What becomes of flows: of those of one owner, of one partition, or of all. A snapshot has those that are not over, oldest first.</summary>
internal sealed class WatchFlows(IEventLog log, SnapshotReader<JobsDbContext> snapshots)
    : TopicSource<JobsDbContext>(FlowChanges.Topics, JobsErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(JobsDbContext context, SnapshotScope scope, string after, int count)
    {
        var wanted = scope.Key.Length > 0 ? context.Flows.Where(f => f.OwnerId == scope.Key)
            : scope.Partition is { } partition ? context.Flows.Where(f => f.Partition == partition)
            : context.Flows;
        return wanted
            .Where(f => f.EndTime == null && string.Compare(f.FlowId, after) > 0)
            .OrderBy(f => f.FlowId)
            .Take(count)
            .AsAsyncEnumerable()
            .Select(f => new SnapshotItem(f.FlowId, new FlowEvent { Flow = f.ToMessage(), Time = f.CreateTime.ToTimestamp() }));
    }
}
