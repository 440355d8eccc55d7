using System.Globalization;
using Google.Protobuf;
using Microservices.Jobs.V1;
using Microservices.Tests.Support;
using Client = Microservices.Jobs.V1.JobsService.JobsServiceClient;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Two replicas, each with its worker, as they are deployed.</summary>
public sealed class ReplicaTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jobs-").FullName;
    private readonly EmbeddedGarnet redis = new();

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
    public async Task A_worker_has_a_lower_priority_and_none_of_its_replica_s_settings()
    {
        await using var replica = Start();
        await replica.UntilReadyAsync();
        var worker = (await WorkersOfAsync(replica)).Single();

        Assert.DoesNotContain("ConnectionStrings", await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/environ")), StringComparison.Ordinal);
        // The threads that do jobs, and that of the commands.
        var nice = new List<string>();
        foreach (var thread in Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{worker}/task")))
        {
            if ((await File.ReadAllTextAsync(Path.Combine(thread, "comm"))).StartsWith("Jobs ", StringComparison.Ordinal))
                nice.Add((await File.ReadAllTextAsync(Path.Combine(thread, "stat"))).Split(") ")[^1].Split(' ')[16]);
        }

        Assert.Equal(Enumerable.Repeat("10", Environment.ProcessorCount + 1), nice);
    }

    // One, and another one for each job that was in one that died.
    private static async Task<List<int>> WorkersOfAsync(ReplicaProcess replica)
    {
        List<int> found = [];
        await Eventually.UntilAsync(async () =>
        {
            var (_, children, _) = await Shell.RunAsync(string.Create(CultureInfo.InvariantCulture, $"pgrep -P {replica.Pid} -f 'Jobs.dll worker'"));
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
        ["ConnectionStrings__Database"] = $"Data Source={Path.Combine(directory, "jobs.db")}",
        ["ConnectionStrings__Redis"] = redis.ConnectionString,
    });
}
