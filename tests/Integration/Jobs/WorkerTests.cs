using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>What is promised of jobs whose worker dies, hangs or takes long, on a database of either kind. One at a time, since they kill the worker that the others have.</summary>
public abstract class WorkerTests(JobsHost host) : JobsTestBase(host)
{
    [SkippableFact]
    public async Task A_job_longer_than_several_leases_runs_once_and_ends_when_it_is_cancelled()
    {
        var job = await EnqueueAsync(Endless);
        await UntilRunningAsync(job);
        var began = await LeasedUntilAsync();
        await Eventually.UntilAsync(async () => await LeasedUntilAsync() > began + 4 * JobsHost.Lease.TotalMilliseconds, "the lease was renewed for as long as four last");
        await UntilAsync(job, now => now.Progress >= 0 && now.State == JobState.Running, "it still runs");

        await CancelAsync(job);
        var ended = await UntilAsync(job, JobState.Cancelled);
        Assert.Equal((1, 0), (ended.Attempts, ended.Interruptions));
        var kinds = (await EventsAsync(events => events.Exists(e => e.Kind == JobEventKind.Ended))).Events.Select(e => e.Kind);
        Assert.Equal([JobEventKind.Enqueued, JobEventKind.Began, JobEventKind.Cancelling, JobEventKind.Ended], kinds.Where(kind => kind != JobEventKind.Progressed));
    }

    [SkippableFact]
    public async Task A_job_whose_worker_is_killed_is_done_again_by_another_one_as_the_same_attempt()
    {
        var job = await EnqueueAsync(Endless);
        await UntilRunningAsync(job);
        var killed = await host.WorkerAsync();
        Process.GetProcessById(killed).Kill();

        var again = await UntilRunningAsync(job, interruptions: 1);
        Assert.Equal((1, 1), (again.Attempts, again.Interruptions));
        await Eventually.UntilAsync(async () => await host.WorkerAsync() != killed, "there is another worker");
        await UntilAsync(await EnqueueAsync(), JobState.Succeeded);
        await CancelAsync(job);
        await UntilAsync(job, JobState.Cancelled);
    }

    [SkippableFact]
    public async Task A_job_that_does_not_heed_its_cancellation_is_killed_with_its_worker_and_the_others_are_done_again()
    {
        var (cancelled, other) = (await EnqueueAsync(Endless), await EnqueueAsync(Endless));
        await UntilRunningAsync(cancelled);
        await UntilRunningAsync(other);
        // It hears nothing from now on.
        await Shell.SignalAsync(await host.WorkerAsync(), "STOP");
        await CancelAsync(cancelled);

        await UntilAsync(cancelled, JobState.Cancelled);
        var again = await UntilRunningAsync(other, interruptions: 1);
        Assert.Equal((1, 1), (again.Attempts, again.Interruptions));
        await CancelAsync(other);
        await UntilAsync(other, JobState.Cancelled);
    }

    [SkippableFact]
    public async Task A_job_that_takes_longer_than_it_may_is_tried_again_and_then_given_up()
    {
        var job = await EnqueueAsync(Endless, r => (r.Timeout, r.MaxAttempts) = (new Duration { Seconds = 1 }, 2));
        var failed = await UntilAsync(job, JobState.Failed);
        Assert.Equal((2, 0, "It took longer than 1 s."), (failed.Attempts, failed.Interruptions, failed.Detail));
        var kinds = (await EventsAsync(events => events.Exists(e => e.Kind == JobEventKind.Ended))).Events.Select(e => e.Kind).Where(kind => kind != JobEventKind.Progressed);
        Assert.Equal([JobEventKind.Enqueued, JobEventKind.Began, JobEventKind.Retried, JobEventKind.Began, JobEventKind.Ended], kinds);
    }

    [SkippableFact]
    public async Task A_job_that_can_never_succeed_is_given_up_at_once()
    {
        var job = await EnqueueAsync(Google.Protobuf.MessageExtensions.ToByteString(new CsvStatisticsInput { Csv = "a,b\n1\n" }), r => r.Kind = "csv-statistics");
        var failed = await UntilAsync(job, JobState.Failed);
        Assert.Equal(1, failed.Attempts);
        Assert.StartsWith("The table is not as RFC 4180 has it", failed.Detail, StringComparison.Ordinal);
        Assert.Empty((await Client.GetResultAsync(new() { JobId = job.JobId })).Output);
    }

    [SkippableFact]
    public async Task A_process_that_has_lost_a_lane_while_it_stood_still_begins_nothing()
    {
        // It waits, and nobody is asked to do it.
        var job = new Microservices.Jobs.Job
        {
            JobId = Guid.CreateVersion7().ToString(),
            OwnerId = owner,
            Partition = 0,
            Kind = "hash",
            UniqueKey = "",
            Priority = JobPriority.Normal,
            MaxAttempts = 3,
            Timeout = TimeSpan.FromMinutes(1),
            InputBytes = 0,
            CreateTime = DateTimeOffset.UtcNow,
        };
        await host.Database.WriteAsync(context =>
        {
            context.Jobs.Add(job);
            context.Contents.Add(new JobContent { JobId = job.JobId, Input = [] });
            return Task.FromResult(0);
        }, default);
        var asked = new Lane(owner, 0).Asked();
        var lost = new DueWork
        {
            Number = long.MaxValue,
            Kind = asked.Kind,
            Id = asked.Id,
            Key = "",
            Priority = DuePriority.Normal,
            DueAtMs = 0,
            Payload = asked.Payload,
            TraceContext = null,
            State = DueState.Ready,
            Attempts = 1,
            Owner = "",
            LeasedUntilMs = 0,
            Fence = 1,
            LastError = "",
        };
        await host.Run.HandleAsync(lost, default);
        Assert.Equal((JobState.Waiting, 0), ((await GetAsync(job.ToMessage())).State, (await GetAsync(job.ToMessage())).Attempts));
    }

    private Task<long> LeasedUntilAsync() => host.Database.ReadAsync(context => context.DueWork.MaxAsync(w => w.LeasedUntilMs), default);
}

public sealed class WorkerOnSqliteTests(JobsHost host) : WorkerTests(host), IClassFixture<JobsHost>;

public sealed class WorkerOnPostgresTests : WorkerTests, IClassFixture<PostgresJobsHost>
{
    public WorkerOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
