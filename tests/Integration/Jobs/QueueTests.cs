using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Job = Microservices.Jobs.V1.Job;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>What the queue promises, on a database of either kind.</summary>
public abstract class QueueTests(JobsHost host) : JobsTestBase(host)
{
    [SkippableFact]
    public async Task A_job_is_done_and_its_output_is_there_to_be_asked_for()
    {
        var job = await EnqueueAsync(Text("abc"));
        Assert.Equal((JobState.Waiting, 3, 300L, JobPriority.Normal, ""), (job.State, job.MaxAttempts, job.Timeout.Seconds, job.Priority, job.Detail));

        await UntilAsync(job, JobState.Succeeded);
        var result = await Client.GetResultAsync(new() { JobId = job.JobId });
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", HashOutput.Parser.ParseFrom(result.Output).Hex);
        Assert.Equal((1, 0, 100, result.Output.Length), (result.Job.Attempts, result.Job.Interruptions, result.Job.Progress, result.Job.OutputBytes));
        Assert.NotNull(result.Job.EndTime);
    }

    [SkippableFact]
    public async Task A_job_is_not_begun_before_it_is_due_and_holds_up_no_other_and_is_cancelled_at_once()
    {
        var later = await EnqueueAsync(change: r => r.DueTime = DateTime.UtcNow.AddHours(1).ToTimestamp());
        await UntilAsync(await EnqueueAsync(), JobState.Succeeded);
        Assert.Equal((JobState.Waiting, 0), ((await GetAsync(later)).State, later.Attempts));

        var cancelled = (await Client.CancelJobAsync(new() { JobId = later.JobId })).Job;
        Assert.Equal((JobState.Cancelled, true), (cancelled.State, cancelled.EndTime is not null));
        Assert.Equal(cancelled, (await Client.CancelJobAsync(new() { JobId = later.JobId })).Job);
    }

    [SkippableFact]
    public async Task A_job_of_a_kind_that_nobody_does_waits_and_says_so_and_holds_up_no_other()
    {
        var unknown = await EnqueueAsync(change: r => r.Kind = "unheard-of");
        await UntilAsync(await EnqueueAsync(), JobState.Succeeded);
        var waits = await GetAsync(unknown);
        Assert.Equal((JobState.Waiting, "No process does jobs of the kind 'unheard-of'."), (waits.State, waits.Detail));
    }

    [SkippableFact]
    public async Task Of_one_owner_the_higher_priority_comes_first()
    {
        // They have both places of the owner.
        var (first, second) = (await EnqueueAsync(Endless), await EnqueueAsync(Endless));
        await UntilRunningAsync(first);
        await UntilRunningAsync(second);
        var low = await EnqueueAsync(change: r => r.Priority = JobPriority.Low);
        var normal = await EnqueueAsync();
        var high = await EnqueueAsync(change: r => r.Priority = JobPriority.High);
        await CancelAsync(first);

        await UntilAsync(low, JobState.Succeeded);
        var began = (await EventsAsync(events => events.Count(e => e.Kind == JobEventKind.Began) >= 5)).Events.Where(e => e.Kind == JobEventKind.Began).Select(e => e.Job.JobId).Distinct();
        Assert.Equal([high.JobId, normal.JobId, low.JobId], began.Skip(2));
        await CancelAsync(second);
        await UntilAsync(second, JobState.Cancelled);
    }

    [SkippableFact]
    public async Task Low_priority_waits_longer_but_not_for_ever()
    {
        var (first, second) = (await EnqueueAsync(Endless), await EnqueueAsync(Endless));
        await UntilRunningAsync(first);
        await UntilRunningAsync(second);
        var low = await EnqueueAsync(change: r => r.Priority = JobPriority.Low);
        // As if it had waited for three minutes: a step of priority is one.
        await host.Database.WriteAsync(context => context.Jobs.Where(j => j.JobId == low.JobId)
            .ExecuteUpdateAsync(s => s.SetProperty(j => j.DueMs, j => j.DueMs - 180_000).SetProperty(j => j.TurnMs, j => j.TurnMs - 180_000)), default);
        var high = await EnqueueAsync(change: r => r.Priority = JobPriority.High);
        await CancelAsync(first);

        await UntilAsync(high, JobState.Succeeded);
        var began = (await EventsAsync(events => events.Count(e => e.Kind == JobEventKind.Began) >= 4)).Events.Where(e => e.Kind == JobEventKind.Began).Select(e => e.Job.JobId).Distinct();
        Assert.Equal([low.JobId, high.JobId], began.Skip(2));
        await CancelAsync(second);
        await UntilAsync(second, JobState.Cancelled);
    }

    [SkippableFact]
    public async Task Owners_with_many_jobs_that_never_end_do_not_starve_another()
    {
        var many = new List<Job>();
        for (var i = 0; i < 20; i++)
            many.Add(await EnqueueAsync(Endless, i % 2 == 0 ? null : r => r.OwnerId = $"also-{owner}"));
        // Two of the one and one of the other, whoever was first.
        await Eventually.UntilAsync(async () => (await RunningAsync(owner) + await RunningAsync($"also-{owner}")) == 3, "they have what places they may have");

        var other = (await Client.EnqueueJobAsync(Request(change: r => r.OwnerId = $"other-{owner}"))).Job;
        await UntilAsync(other, JobState.Succeeded);
        Assert.Equal(3, await RunningAsync(owner) + await RunningAsync($"also-{owner}"));
        foreach (var job in Enumerable.Reverse(many))
            await CancelAsync(job);
        foreach (var job in many)
            await UntilAsync(job, JobState.Cancelled);

        async Task<int> RunningAsync(string ownerId) => (await Client.ListJobsAsync(new() { OwnerId = ownerId, State = JobState.Running })).Jobs.Count;
    }

    [SkippableFact]
    public async Task Owners_take_turns()
    {
        var slow = new HashInput { Text = "slow", Rounds = 20_000 }.ToByteString();
        var many = new List<Job>();
        for (var i = 0; i < 30; i++)
            many.Add(await EnqueueAsync(slow));
        var other = (await Client.EnqueueJobAsync(Request(slow, r => r.OwnerId = $"other-{owner}"))).Job;
        await UntilAsync(other, JobState.Succeeded);
        // Those that were committed later waited for their turn: the last of many cannot have ended before the one of another.
        var ended = (await GetAsync(other)).EndTime;
        await UntilAsync(many[^1], JobState.Succeeded);
        Assert.True(ended < (await GetAsync(many[^1])).EndTime);
    }

    [SkippableFact]
    public async Task The_newest_that_are_over_are_kept_and_old_ones_expire_and_are_deleted()
    {
        for (var i = 0; i < JobsHost.MaxKept + 5; i++)
            await CancelAsync(await EnqueueAsync(change: r => r.DueTime = DateTime.UtcNow.AddHours(1).ToTimestamp()));
        Assert.Equal(JobsHost.MaxKept, (await Client.ListJobsAsync(new() { OwnerId = owner })).Jobs.Count);

        var waits = await EnqueueAsync(change: r => r.Kind = "unheard-of");
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(8));
        using var cleaner = new JobCleaner(host.Database, host.Metrics, Options.Create(new JobsOptions()), time, NullLogger<JobCleaner>.Instance);
        await cleaner.StartAsync(default);
        await Eventually.UntilAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return (await Client.ListJobsAsync(new() { OwnerId = owner })).Jobs is [{ State: JobState.Expired } left] && left.JobId == waits.JobId;
        }, "the one that waited has expired, and the others are gone");
        await cleaner.StopAsync(default);
        Assert.False(await host.Database.ReadAsync(context => context.Owners.AnyAsync(o => o.OwnerId == owner && o.Jobs > 0), default));
    }

    [SkippableFact]
    public async Task Who_watches_is_told_of_each_change_once_also_after_a_cut()
    {
        var job = await EnqueueAsync(new CsvStatisticsInput { Csv = "a,b\n1,2\n" }.ToByteString(), r => r.Kind = "csv-statistics");
        var (before, cursor) = await EventsAsync(events => events.Count >= 1);
        await UntilAsync(job, JobState.Succeeded);
        var (after, _) = await EventsAsync(events => events.Exists(e => e.Kind == JobEventKind.Ended), cursor);

        var kinds = before.Concat(after).Select(e => e.Kind).Where(kind => kind != JobEventKind.Progressed);
        Assert.Equal([JobEventKind.Enqueued, JobEventKind.Began, JobEventKind.Ended], kinds);
        Assert.Contains("1 rows of 2 columns", before.Concat(after).SelectMany(e => e.LogLines));
        Assert.Equal(await GetAsync(job), after[^1].Job);
    }
}

public sealed class QueueOnSqliteTests(JobsHost host) : QueueTests(host), IClassFixture<JobsHost>;

public sealed class QueueOnPostgresTests : QueueTests, IClassFixture<PostgresJobsHost>
{
    public QueueOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
