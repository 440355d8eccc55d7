using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Jobs.V1;
using Microservices.Tests.Support;
using Microsoft.Data.Sqlite;
using Client = Microservices.Jobs.V1.JobsService.JobsServiceClient;
using Schedules = Microservices.Jobs.V1.SchedulesService.SchedulesServiceClient;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Two replicas, each with its worker, as they are deployed.</summary>
public sealed class ReplicaTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jobs-").FullName;
    private readonly EmbeddedGarnet redis = new();

    private string Database => $"Data Source={Path.Combine(directory, "jobs.db")}";

    public void Dispose()
    {
        redis.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_replica_that_is_killed_takes_its_worker_with_it_and_another_replica_does_the_job_again()
    {
        await using var first = Start();
        await first.UntilReadyAsync();
        using var channel = Tokens.Channel(first.Address);
        var request = new EnqueueJobRequest { OwnerId = "ada", Kind = "hash", Input = new HashInput { Rounds = 10_000_000_000 }.ToByteString() };
        var job = (await new Client(channel).EnqueueJobAsync(request)).Job;
        await UntilAsync(new Client(channel), job, now => now.State == JobState.Running);
        var workers = await WorkersOfAsync(first);
        await using var second = Start();
        await second.UntilReadyAsync();

        await Shell.SignalAsync(first.Pid, "KILL");
        await Eventually.UntilAsync(() => !workers.Exists(Shell.IsRunning), "its worker has ended");
        using var other = Tokens.Channel(second.Address);
        var again = await UntilAsync(new Client(other), job, now => now is { State: JobState.Running, Interruptions: 1 });
        Assert.Equal(1, again.Attempts);

        // And one that is told to stop leaves the job to others at once: it was no death.
        await using var third = Start();
        await third.UntilReadyAsync();
        workers = await WorkersOfAsync(second);
        await second.StopAsync();
        await Eventually.UntilAsync(() => !workers.Exists(Shell.IsRunning), "its worker has ended");
        using var last = Tokens.Channel(third.Address);
        await UntilAsync(new Client(last), job, now => now is { State: JobState.Running, Interruptions: 2, Attempts: 1 });
        await new Client(last).CancelJobAsync(new() { JobId = job.JobId });
        await UntilAsync(new Client(last), job, now => now.State == JobState.Cancelled);
    }

    [Fact]
    public async Task A_job_that_its_worker_dies_of_is_given_up_after_ten_and_what_runs_beside_it_goes_on()
    {
        await using var replica = Start();
        await replica.UntilReadyAsync();
        using var channel = Tokens.Channel(replica.Address);
        var client = new Client(channel);
        var request = new EnqueueJobRequest { OwnerId = "ada", Kind = "hash", Input = new HashInput { Rounds = 10_000_000_000 }.ToByteString() };
        var deadly = (await client.EnqueueJobAsync(request)).Job;
        var beside = deadly;
        HashSet<int> killed = [];
        for (var deaths = 0; deaths < 10; deaths++)
        {
            await UntilAsync(client, deadly, now => now.State == JobState.Running && now.Interruptions == deaths);
            // From the second time on it has a worker of its own, and the first one's successor is all others'.
            var name = deaths == 0 ? "worker" : "worker 1";
            List<int> workers = [];
            await Eventually.UntilAsync(async () => (workers = [.. (await WorkersOfAsync(replica, name)).Except(killed)]).Count > 0, "it has a worker");
            var worker = Assert.Single(workers);
            killed.Add(worker);
            await Shell.SignalAsync(worker, "KILL");
            if (deaths != 0)
                continue;
            // In the successor, not in the one that dies.
            await Eventually.UntilAsync(async () => (await WorkersOfAsync(replica)).Except(killed).Count() == 2, "there are a successor, and a worker of its own");
            beside = (await client.EnqueueJobAsync(new EnqueueJobRequest(request) { OwnerId = "bob" })).Job;
            await UntilAsync(client, beside, now => now.State == JobState.Running);
        }

        var ended = await UntilAsync(client, deadly, now => now.State == JobState.Failed);
        Assert.Equal((10, "The process that did it has died 10 times."), (ended.Interruptions, ended.Detail));
        await UntilAsync(client, beside, now => now is { State: JobState.Running, Interruptions: 0 });
        await client.CancelJobAsync(new() { JobId = beside.JobId });
        await UntilAsync(client, beside, now => now.State == JobState.Cancelled);
    }

    [Fact]
    public async Task Each_job_of_a_schedule_comes_once_whatever_replica_is_killed_meanwhile()
    {
        const int Count = 100;
        await using (var before = Start())
        {
            await before.UntilReadyAsync();
            using var channel = Tokens.Channel(before.Address);
            for (var i = 0; i < Count; i++)
                await new Schedules(channel).CreateScheduleAsync(new() { OwnerId = "ada", Cron = "0 0 1 1 *", Kind = "unheard-of" });
            await before.StopAsync();
        }

        // As if all had been due while nothing ran.
        await using (var database = new SqliteConnection(Database))
        {
            await database.OpenAsync();
            await using var command = database.CreateCommand();
            command.CommandText = "UPDATE Schedules SET NextTime = CreateTime; UPDATE DueWork SET DueAtMs = 0 WHERE Kind = 'schedules'";
            Assert.Equal(2 * Count, await command.ExecuteNonQueryAsync());
        }

        for (var killed = 0; killed < 3; killed++)
        {
            await using var replica = Start();
            await replica.UntilReadyAsync();
            using var channel = Tokens.Channel(replica.Address);
            await Eventually.UntilAsync(async () => await FiredAsync(channel) > killed, "some have enqueued a job");
            await Shell.SignalAsync(replica.Pid, "KILL");
            await Eventually.UntilAsync(() => !Shell.IsRunning(replica.Pid), "it is gone");
        }

        await using var last = Start();
        await last.UntilReadyAsync();
        using var to = Tokens.Channel(last.Address);
        await Eventually.UntilAsync(async () => await FiredAsync(to) == Count, "all have enqueued a job");
        var jobs = (await new Client(to).ListJobsAsync(new() { OwnerId = "ada", PageSize = 500 })).Jobs;
        Assert.Equal((Count, Count), (jobs.Count, jobs.Select(job => job.UniqueKey).Distinct().Count()));

        static async Task<int> FiredAsync(ChannelBase channel) => (await new Schedules(channel).ListSchedulesAsync(new() { OwnerId = "ada" })).Schedules.Count(schedule => schedule.LastJobId.Length > 0);
    }

    [Fact]
    public async Task A_flow_whose_process_is_killed_again_and_again_goes_on_and_has_each_job_done_once()
    {
        await using var replica = Start();
        await replica.UntilReadyAsync();
        using var channel = Tokens.Channel(replica.Address);
        var flows = new FlowsService.FlowsServiceClient(channel);
        var flow = (await flows.StartFlowAsync(new() { OwnerId = "ada", Kind = "archive-csv", Input = new ArchiveCsvInput { Csv = "a\n1\n" }.ToByteString() })).Flow;
        await AgainAsync();
        await UntilFlowAsync(now => now.Steps.Any(step => step is { Kind: FlowStepKind.Approval, State: FlowStepState.Waiting }));
        await AgainAsync();
        await flows.DecideFlowAsync(new() { FlowId = flow.FlowId, Name = "archive", Approved = true });
        await AgainAsync();
        await UntilFlowAsync(now => now.Steps.Count > 2);
        await AgainAsync();

        var done = await UntilFlowAsync(now => now.Flow.State == FlowState.Succeeded);
        Assert.Equal(["describe", "archive", "compress", "hash"], done.Steps.Select(step => step.Name));
        var jobs = (await new Client(channel).ListJobsAsync(new() { OwnerId = "ada" })).Jobs;
        Assert.Equal(done.Steps.Select(step => step.JobId).Where(id => id.Length > 0).Order(), jobs.Select(job => job.JobId).Order());
        Assert.All(jobs, job => Assert.Equal(JobState.Succeeded, job.State));

        async Task AgainAsync()
        {
            await replica.KillAsync();
            replica.Start();
            await replica.UntilReadyAsync();
        }

        async Task<GetFlowResponse> UntilFlowAsync(Func<GetFlowResponse, bool> condition)
        {
            var now = new GetFlowResponse();
            await Eventually.UntilAsync(async () => condition(now = await flows.GetFlowAsync(new() { FlowId = flow.FlowId })), "the flow is as it is to be");
            return now;
        }
    }

    [Fact]
    public async Task A_worker_has_a_lower_priority_and_none_of_its_replica_s_settings()
    {
        await using var replica = Start();
        await replica.UntilReadyAsync();
        var worker = (await WorkersOfAsync(replica)).Single();

        var environment = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/environ"));
        Assert.DoesNotContain("ConnectionStrings", environment, StringComparison.Ordinal);
        // A job that asks for more memory fails, and the machine has the rest.
        Assert.Contains("DOTNET_GCHeapHardLimitPercent", environment, StringComparison.Ordinal);
        // The threads that do jobs, and that of the commands.
        var nice = new List<string>();
        foreach (var thread in Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/task")))
        {
            if ((await File.ReadAllTextAsync(Path.Combine(thread, "comm"))).StartsWith("Jobs ", StringComparison.Ordinal))
                nice.Add((await File.ReadAllTextAsync(Path.Combine(thread, "stat"))).Split(") ")[^1].Split(' ')[16]);
        }

        Assert.Equal(Enumerable.Repeat("10", 2 * Environment.ProcessorCount), nice);
    }

    // One, and another one for each job that was in one that died.
    private static async Task<List<int>> WorkersOfAsync(ReplicaProcess replica, string name = "worker")
    {
        List<int> found = [];
        await Eventually.UntilAsync(async () =>
        {
            var (_, children, _) = await Shell.RunAsync(string.Create(CultureInfo.InvariantCulture, $"pgrep -P {replica.Pid} -f 'Jobs.dll {name}'"));
            found = [.. children.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture))];
            return found.Count > 0;
        }, "it has a worker");
        return found;
    }

    private static async Task<Job> UntilAsync(Client client, Job job, Func<Job, bool> condition)
    {
        var now = job;
        await Eventually.UntilAsync(async () => condition(now = (await client.GetJobAsync(new() { JobId = job.JobId })).Job), $"the job is as it is to be; it was {now}");
        return now;
    }

    private ReplicaProcess Start() => new("services/Jobs", new Dictionary<string, string>
    {
        ["ConnectionStrings__Database"] = Database,
        ["ConnectionStrings__Redis"] = redis.ConnectionString,
    });
}
