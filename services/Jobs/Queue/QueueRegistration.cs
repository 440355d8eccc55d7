using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Jobs.V1;
using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>Registers what takes, keeps, runs and tells of jobs.</summary>
internal static class QueueRegistration
{
    // A lane fails only by its database or by a fault: what waits in it stays.
    private static readonly TimeSpan[] Retries = [.. Enumerable.Repeat(TimeSpan.FromSeconds(1), 100)];

    public static void AddQueue(this WebApplicationBuilder builder)
    {
        builder.AddMetrics<JobMetrics>();
        builder.Services.AddSingleton<EnqueueJob>();
        builder.Services.AddSingleton<ReadJobs>();
        builder.Services.AddSingleton<CancelJob>();
        builder.Services.AddSingleton<OwnerShares>();
        builder.Services.AddHostedService<JobCleaner>();
        builder.AddDueWork<JobsDbContext, RunJobs>(Lane.Kind, Retries);
        builder.Services.AddEventStreamServer<WatchJobsRequest, WatchJobs>(V1.JobsService.WatchJobs);
        builder.AddWarmUp<Rehearsal<JobsDbContext>>((rehearsal, stop) =>
            rehearsal.RunAsync<EnqueueJob>(enqueue => enqueue.HandleAsync(EnqueueJob.Rehearsed(), Rights.OfProcess, stop)));
    }
}
