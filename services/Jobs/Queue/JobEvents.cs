using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs.V1;
using Microservices.Topics;

namespace Microservices.Jobs;

/// <summary>What Jobs publishes. An event's key is its job's id.</summary>
internal static class JobEvents
{
    public static readonly KeyedTopics Topics = new("jobs", "owner", JobEvent.Descriptor);

    /// <summary>Commits the event together with the change that is being made.</summary>
    /// <param name="context">The change.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="job">To which job: as it is now.</param>
    /// <param name="now">When.</param>
    /// <param name="said">What it has said.</param>
    public static void Publish(this JobsDbContext context, JobEventKind kind, Job job, DateTimeOffset now, RunChanges? said = null)
    {
        var told = new JobEvent { Kind = kind, Job = job.ToMessage(), DroppedLines = said?.Dropped ?? 0, Time = now.ToTimestamp() };
        told.LogLines.AddRange(said?.Lines ?? []);
        context.AddEvent(Topics.For(job.OwnerId), job.JobId, told);
    }
}
