using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Jobs.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Job = Microservices.Jobs.V1.Job;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Who may enqueue, attach to, see and cancel what, on a database of either kind.</summary>
public abstract class EnqueueTests(JobsHost host) : JobsTestBase(host)
{
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
}

public sealed class EnqueueOnSqliteTests(JobsHost host) : EnqueueTests(host), IClassFixture<JobsHost>;

public sealed class EnqueueOnPostgresTests : EnqueueTests, IClassFixture<PostgresJobsHost>
{
    public EnqueueOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
