using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Streaming.V1;
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
    public async Task A_command_sent_again_with_its_key_is_done_once()
    {
        var request = Request(change: r => r.IdempotencyKey = "k");
        var first = await Client.EnqueueJobAsync(request);
        var second = await Client.EnqueueJobAsync(request);
        request.MaxAttempts = 5;
        var error = await Errors.FailsAsync(StatusCode.Aborted, Client.EnqueueJobAsync(request));

        Assert.Equal((first.Job, false, true), (second.Job, first.Replayed, second.Replayed));
        Assert.Equal("IDEMPOTENCY_KEY_REUSED", error.Reason());
        Assert.Single((await Client.ListJobsAsync(new() { OwnerId = owner })).Jobs);
    }

    [SkippableFact]
    public async Task Who_asks_for_the_same_unique_key_attaches_to_the_job_until_it_is_over_also_of_sixteen_at_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ => await Client.EnqueueJobAsync(Request(Endless, r => r.UniqueKey = "report"))));
        var job = answers[0].Job;
        Assert.Equal((job.JobId, 1), (answers.Select(answer => answer.Job.JobId).Distinct().Single(), answers.Count(answer => !answer.Attached)));

        await UntilRunningAsync(job);
        Assert.True((await Client.EnqueueJobAsync(Request(Text("other"), r => r.UniqueKey = "report"))).Attached);
        await CancelAsync(job);
        await UntilAsync(job, JobState.Cancelled);
        var next = await Client.EnqueueJobAsync(Request(Text("other"), r => r.UniqueKey = "report"));
        Assert.Equal((false, true), (next.Attached, next.Job.JobId != job.JobId));
        await UntilAsync(next.Job, JobState.Succeeded);
        Assert.Equal(0, await host.Database.ReadAsync(context => context.Owners.Where(o => o.OwnerId == owner).Select(o => o.Jobs + (int)o.Bytes).SumAsync(), default));
    }

    [SkippableFact]
    public async Task Another_owner_sees_nothing_and_cancels_nothing()
    {
        var job = await EnqueueAsync(change: r => r.DueTime = DateTime.UtcNow.AddDays(1).ToTimestamp());
        var (mine, other) = (host.ClientOf(Tokens.Authority.Person(owner)), host.ClientOf(Tokens.Authority.Person("bob")));

        Assert.Equal(job.JobId, (await mine.GetJobAsync(new() { JobId = job.JobId })).Job.JobId);
        await Errors.FailsAsync(StatusCode.NotFound, other.GetJobAsync(new() { JobId = job.JobId }));
        await Errors.FailsAsync(StatusCode.NotFound, other.GetResultAsync(new() { JobId = job.JobId }));
        await Errors.FailsAsync(StatusCode.NotFound, other.CancelJobAsync(new() { JobId = job.JobId }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, other.ListJobsAsync(new() { OwnerId = owner }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, other.EnqueueJobAsync(Request()));
        await Errors.FailsAsync(StatusCode.PermissionDenied, host.ClientOf(Tokens.Authority.Person(owner, scopes: ["jobs.read"])).EnqueueJobAsync(Request()));
        using var watch = other.WatchJobs();
        await watch.RequestStream.WriteAsync(new WatchJobsRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = owner } });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal((int)StatusCode.PermissionDenied, watch.ResponseStream.Current.Failed.Status.Code);
        Assert.Equal(JobState.Waiting, (await GetAsync(job)).State);
    }

    [SkippableFact]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field()
    {
        await FailsAsync(["owner_id", "kind"], r => (r.OwnerId, r.Kind, r.Input) = ("", "", ByteString.Empty));
        await FailsAsync(["kind"], r => r.Kind = "Hash");
        await FailsAsync(["input"], r => r.Input = ByteString.CopyFrom(new byte[(64 << 10) + 1]));
        await FailsAsync(["input"], r => r.Input = ByteString.CopyFrom(0xff));
        await FailsAsync(["input.algorithm", "input.rounds"], r => r.Input = new HashInput { Algorithm = (HashAlgorithm)9, Rounds = -1 }.ToByteString());
        await FailsAsync(["input.format"], r => (r.Kind, r.Input) = ("compress", new CompressInput { Format = (CompressionFormat)9 }.ToByteString()));
        await FailsAsync(["input.csv", "input.separator"], r => (r.Kind, r.Input) = ("csv-statistics", new CsvStatisticsInput { Separator = "ab" }.ToByteString()));
        await FailsAsync(["priority", "unique_key", "max_attempts", "idempotency_key"], r => (r.Priority, r.UniqueKey, r.MaxAttempts, r.IdempotencyKey) = ((JobPriority)9, "a b", 21, "ä"));
        await FailsAsync(["due_time"], r => r.DueTime = DateTime.UtcNow.AddDays(366).ToTimestamp());
        await FailsAsync(["due_time"], r => r.DueTime = new Timestamp { Seconds = long.MaxValue });
        await FailsAsync(["timeout"], r => r.Timeout = new Duration { Nanos = 999_999_999 });
        await FailsAsync(["timeout"], r => r.Timeout = new Duration { Seconds = 24 * 3600, Nanos = 100 });
        Assert.Equal(["page_size", "page_token"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Client.ListJobsAsync(new() { OwnerId = owner, PageSize = -1, PageToken = "x" }))).Fields());
        Assert.Equal(["job_id"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Client.GetJobAsync(new()))).Fields());

        async Task FailsAsync(string[] fields, Action<EnqueueJobRequest> change) =>
            Assert.Equal(fields, (await Errors.FailsAsync(StatusCode.InvalidArgument, Client.EnqueueJobAsync(Request(change: change)))).Fields());
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
    public async Task An_owner_with_many_jobs_that_take_long_does_not_starve_another()
    {
        var many = new List<Job>();
        for (var i = 0; i < 20; i++)
            many.Add(await EnqueueAsync(Endless));
        await UntilRunningAsync(many[0]);
        await UntilRunningAsync(many[1]);

        var other = (await Client.EnqueueJobAsync(Request(change: r => r.OwnerId = $"other-{owner}"))).Job;
        await UntilAsync(other, JobState.Succeeded);
        Assert.Equal(JobState.Waiting, (await GetAsync(many[^1])).State);
        foreach (var job in Enumerable.Reverse(many))
            await CancelAsync(job);
        foreach (var job in many)
            await UntilAsync(job, JobState.Cancelled);
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
    public async Task An_owner_has_as_many_jobs_as_an_owner_may_have_and_attaches_beyond_that()
    {
        for (var i = 0; i < JobsHost.MaxJobs; i++)
            await EnqueueAsync(change: r => (r.DueTime, r.UniqueKey) = (DateTime.UtcNow.AddHours(1).ToTimestamp(), $"{i}"));
        Assert.Equal("TOO_MANY_JOBS", (await Errors.FailsAsync(StatusCode.ResourceExhausted, Client.EnqueueJobAsync(Request()))).Reason());
        var attached = await Client.EnqueueJobAsync(Request(change: r => r.UniqueKey = "7"));
        Assert.True(attached.Attached);
        await CancelAsync(attached.Job);
        await UntilAsync(await EnqueueAsync(), JobState.Succeeded);
    }

    [SkippableFact]
    public async Task Jobs_are_listed_newest_first_by_page_and_by_state()
    {
        var jobs = new List<Job>();
        for (var i = 0; i < 5; i++)
            jobs.Add(await EnqueueAsync(change: r => r.DueTime = i == 2 ? null : DateTime.UtcNow.AddHours(1).ToTimestamp()));
        await UntilAsync(jobs[2], JobState.Succeeded);

        var (listed, token) = (new List<string>(), "");
        do
        {
            var page = await Client.ListJobsAsync(new() { OwnerId = owner, PageSize = 2, PageToken = token });
            listed.AddRange(page.Jobs.Select(job => job.JobId));
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(Enumerable.Reverse(jobs).Select(job => job.JobId), listed);
        Assert.Equal([jobs[2].JobId], (await Client.ListJobsAsync(new() { OwnerId = owner, State = JobState.Succeeded })).Jobs.Select(job => job.JobId));
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
