using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Jobs.V1;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Jobs;

/// <summary>What becomes of jobs: of those of one owner, of one partition, or of all. A snapshot has those that are not over, oldest first.</summary>
internal sealed class WatchJobs(IEventLog log, SnapshotReader<JobsDbContext> snapshots)
    : TopicSource<JobsDbContext>(JobEvents.Topics, JobsErrors.Domain, log, snapshots)
{
    protected override IAsyncEnumerable<SnapshotItem> Snapshot(JobsDbContext context, SnapshotScope scope, string after, int count)
    {
        var wanted = scope.Key.Length > 0 ? context.Jobs.Where(j => j.OwnerId == scope.Key)
            : scope.Partition is { } partition ? context.Jobs.Where(j => j.Partition == partition)
            : context.Jobs;
        return wanted
            .Where(j => (j.State == JobState.Waiting || j.State == JobState.Running) && string.Compare(j.JobId, after) > 0)
            .OrderBy(j => j.JobId)
            .Take(count)
            .AsAsyncEnumerable()
            .Select(j => new SnapshotItem(j.JobId, new JobEvent { Job = j.ToMessage(), Time = (j.StartTime ?? j.CreateTime).ToTimestamp() }));
    }
}
