using Microservices.Jobs;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Client = Microservices.Jobs.V1.JobsService.JobsServiceClient;
using Context = Microservices.Jobs.JobsDbContext;
using FlowsClient = Microservices.Jobs.V1.FlowsService.FlowsServiceClient;
using SchedulesClient = Microservices.Jobs.V1.SchedulesService.SchedulesServiceClient;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>
/// Jobs on real sockets, with a worker process, an embedded Redis and a database of its own: SQLite unless a connection string says otherwise. It does four jobs at a time, and two of an owner.
/// </summary>
public class JobsHost : IAsyncLifetime
{
    /// <summary>How many jobs that are not over an owner may have.</summary>
    public const int MaxJobs = 40;

    /// <summary>How many schedules an owner may have.</summary>
    public const int MaxSchedules = 5;

    /// <summary>How many that are over are kept, unless it is said otherwise.</summary>
    public const int MaxKept = 30;

    /// <summary>How many flows that are not over an owner may have, and how many that are over are kept.</summary>
    public const int MaxFlows = 20;

    /// <summary>How long a lease lasts: the least that a busy machine keeps.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    private readonly string directory = Directory.CreateTempSubdirectory("jobs-").FullName;

    private EmbeddedGarnet? Redis { get; set; }

    private ServiceHost<Context>? Host { get; set; }

    /// <summary>How many that are over are kept.</summary>
    public int Kept { get; init; } = MaxKept;

    /// <summary>An operator's client; null where the database is not to be had, and then every test is skipped.</summary>
    public Client Client { get; private set; } = null!;

    /// <summary>An operator's client of schedules.</summary>
    public SchedulesClient Schedules { get; private set; } = null!;

    /// <summary>An operator's client of flows.</summary>
    public FlowsClient Flows { get; private set; } = null!;

    /// <summary>The code of the flows of the kind <see cref="TestFlow.KindName"/>.</summary>
    internal TestFlow Code { get; } = new();

    /// <summary>The address of its gRPC port.</summary>
    public string Address => Host!.Grpc;

    /// <summary>A client whose calls somebody else makes.</summary>
    public Client ClientOf(string token) => new(Tokens.Channel(Host!.Grpc, token));

    /// <summary>A client of schedules whose calls somebody else makes.</summary>
    public SchedulesClient SchedulesOf(string token) => new(Tokens.Channel(Host!.Grpc, token));

    /// <summary>A client of flows whose calls somebody else makes.</summary>
    public FlowsClient FlowsOf(string token) => new(Tokens.Channel(Host!.Grpc, token));

    internal Database<Context> Database => Host!.Services.GetRequiredService<Database<Context>>();

    internal JobMetrics Metrics => Host!.Services.GetRequiredService<JobMetrics>();

    internal RunJobs Run => Host!.Services.GetRequiredService<RunJobs>();

    /// <summary>The process id of the worker.</summary>
    internal async Task<int> WorkerAsync() => (await Host!.Services.GetRequiredService<Worker>().ReadyAsync(default)).Id;

    protected virtual Task<string> DatabaseAsync() => Task.FromResult($"Data Source={Path.Combine(directory, "jobs")}.db");

    public virtual async Task InitializeAsync()
    {
        Redis = new EmbeddedGarnet();
        Host = new ServiceHost<Context>(new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = await DatabaseAsync(),
            ["ConnectionStrings:Redis"] = Redis.ConnectionString,
            ["Due:Concurrency"] = "4",
            ["Due:LeaseDuration"] = Lease.ToString(),
            ["Jobs:MaxJobsPerOwner"] = $"{MaxJobs}",
            ["Jobs:MaxKeptPerOwner"] = $"{Kept}",
            ["Jobs:MaxSchedulesPerOwner"] = $"{MaxSchedules}",
            ["Flows:MaxPerOwner"] = $"{MaxFlows}",
            ["Flows:MaxKeptPerOwner"] = $"{MaxFlows}",
            ["Jobs:ProgressInterval"] = "00:00:00.050",
            ["Jobs:CancelGrace"] = "00:00:05",
            ["Logging:LogLevel:Microservices"] = "Warning",
        }, services => services.AddSingleton<IFlowKind>(Code));
        (Client, Schedules, Flows) = (new(Host.Channel), new(Host.Channel), new(Host.Channel));
    }

    public virtual async Task DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        Redis?.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}

/// <summary>The same on PostgreSQL; nothing at all where there is none.</summary>
public sealed class PostgresJobsHost : JobsHost
{
    private readonly PostgresDatabases databases = new();

    protected override Task<string> DatabaseAsync() => databases.NewAsync();

    public override async Task InitializeAsync()
    {
        await databases.InitializeAsync();
        if (databases.Exist)
            await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await databases.DisposeAsync();
    }
}
