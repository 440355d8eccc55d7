using Google.Protobuf;
using Microservices.Jobs.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Client = Microservices.Jobs.V1.JobsService.JobsServiceClient;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>An owner of jobs, and what tests of them ask; on a database of either kind.</summary>
public abstract class JobsTestBase(JobsHost host) : IAsyncLifetime
{
    private protected readonly JobsHost host = host;
    private protected readonly string owner = $"owner-{Guid.NewGuid():n}";

    private protected Client Client => host.Client;

    public Task InitializeAsync() => Task.CompletedTask;

    // What is left would have the places of the next test.
    public async Task DisposeAsync()
    {
        foreach (var state in (JobState[])[JobState.Waiting, JobState.Running])
        {
            foreach (var job in (await Client.ListJobsAsync(new() { OwnerId = owner, State = state, PageSize = 500 })).Jobs)
                await CancelAsync(job);
        }
    }

    /// <summary>A job that does not end by itself while a test runs.</summary>
    private protected static ByteString Endless => new HashInput { Text = "endless", Rounds = 10_000_000_000 }.ToByteString();

    private protected static ByteString Text(string text) => new HashInput { Text = text }.ToByteString();

    private protected EnqueueJobRequest Request(ByteString? input = null, Action<EnqueueJobRequest>? change = null)
    {
        var request = new EnqueueJobRequest { OwnerId = owner, Kind = "hash", Input = input ?? Text("a") };
        change?.Invoke(request);
        return request;
    }

    private protected async Task<Job> EnqueueAsync(ByteString? input = null, Action<EnqueueJobRequest>? change = null) => (await Client.EnqueueJobAsync(Request(input, change))).Job;

    private protected async Task<Job> GetAsync(Job job) => (await Client.GetJobAsync(new() { JobId = job.JobId })).Job;

    private protected async Task CancelAsync(Job job) => await Client.CancelJobAsync(new() { JobId = job.JobId });

    /// <summary>The job, once it is as it is to be.</summary>
    private protected async Task<Job> UntilAsync(Job job, Func<Job, bool> condition, string what)
    {
        var now = job;
        await Eventually.UntilAsync(async () => condition(now = await GetAsync(job)), $"{what}; it was {now}");
        return now;
    }

    private protected Task<Job> UntilAsync(Job job, JobState state) => UntilAsync(job, now => now.State == state, $"the job is {state}");

    /// <summary>The job, once it has shown that it is being done.</summary>
    private protected Task<Job> UntilRunningAsync(Job job, int interruptions = 0) =>
        UntilAsync(job, now => now.State == JobState.Running && now.Interruptions >= interruptions, "the job runs");

    /// <summary>The events of this owner after a cursor, or all, until there are enough.</summary>
    private protected async Task<(List<JobEvent> Events, string Cursor)> EventsAsync(Func<List<JobEvent>, bool> isEnough, string cursor = "")
    {
        using var watch = Client.WatchJobs();
        await watch.RequestStream.WriteAsync(new WatchJobsRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = owner, Cursor = cursor, FromEarliest = cursor.Length == 0 } });
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        var events = new List<JobEvent>();
        while (await watch.ResponseStream.MoveNext(timeout.Token))
        {
            Assert.Null(watch.ResponseStream.Current.Failed);
            events.AddRange(watch.ResponseStream.Current.Events?.Events ?? []);
            if (isEnough(events))
                return (events, watch.ResponseStream.Current.Events!.Cursor);
        }

        throw new InvalidOperationException("The stream has ended.");
    }
}
