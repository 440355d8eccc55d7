using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microservices.Orders;
using Microservices.Persistence;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>One replica as far as due work is concerned: the database of Orders, and work of one kind, or of two. What was done is told by idempotency records, one for each id.</summary>
internal sealed class DueProcess : IAsyncDisposable, IDueHandler<OrdersDbContext>
{
    public const string Kind = "test";
    public const string OtherKind = "other test";

    private readonly Gauges gauges = new();
    private readonly WarningLines warnings = new();
    private WebApplication app = null!;
    private bool stopped;

    /// <summary>What its handler does; what it says by itself is that the work is done.</summary>
    public Func<DueWork, CancellationToken, Task<DueResult<OrdersDbContext>>> Handle { get; set; } = (work, _) => Task.FromResult(Done(work));

    /// <summary>The work that its handler has begun, in that order.</summary>
    public ConcurrentQueue<DueWork> Begun { get; } = [];

    /// <summary>What it has logged as a warning or worse.</summary>
    public IReadOnlyCollection<string> Warnings => warnings.Lines;

    public Database<OrdersDbContext> Database => app.Services.GetRequiredService<Database<OrdersDbContext>>();

    public DueStore<OrdersDbContext> Store => app.Services.GetRequiredService<DueStore<OrdersDbContext>>();

    public static async Task<DueProcess> StartAsync(string database, TimeProvider? time = null, TimeSpan[]? retries = null, bool withOtherKind = false, params (string Key, string Value)[] settings)
    {
        var process = new DueProcess();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddProvider(process.warnings);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Database"] = database,
            ["Kestrel:Endpoints:Grpc:Url"] = "http://127.0.0.1:0",
            ["Due:PollInterval"] = "00:00:00.010",
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Command"] = "None",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(process);
        builder.AddPersistence<OrdersDbContext, SqliteOrdersDbContext, PostgresOrdersDbContext>();
        builder.AddDueWork<OrdersDbContext, DueProcess>(Kind, retries);
        if (withOtherKind)
            builder.AddDueWork<OrdersDbContext, DueProcess>(OtherKind, retries);
        process.app = builder.Build();
        await process.app.StartAsync();
        return process;
    }

    /// <summary>The work is done, and what tells of that commits with it.</summary>
    public static DueResult<OrdersDbContext> Done(DueWork work, string by = "") => DueResult.Done<OrdersDbContext>(context =>
    {
        context.IdempotencyRecords.Add(new IdempotencyRecord { Command = Kind, Caller = by, Key = work.Id, RequestHash = [], Response = [], CreatedAt = DateTimeOffset.UnixEpoch.AddYears(200) });
        return Task.CompletedTask;
    });

    async Task<DueResult<OrdersDbContext>> IDueHandler<OrdersDbContext>.HandleAsync(DueWork work, CancellationToken cancellationToken)
    {
        Begun.Enqueue(work);
        return await Handle(work, cancellationToken);
    }

    public Task AddAsync(params NewDueWork[] added) => Database.WriteAsync(context =>
    {
        foreach (var work in added)
            context.AddDue(work);
        return Task.FromResult(0);
    }, CancellationToken.None);

    public static NewDueWork Work(string id, string key = "") => new(Kind, []) { Id = id, Key = key };

    /// <summary>Ids of what was done, each with who did it.</summary>
    public Task<List<string>> DoneAsync() => Database.ReadAsync(context => context.IdempotencyRecords.Where(r => r.Command == Kind).Select(r => r.Key + r.Caller).ToListAsync(), default);

    /// <summary>The rows that are left.</summary>
    public Task<List<DueWork>> RowsAsync() => Database.ReadAsync(context => context.DueWork.OrderBy(w => w.Number).ToListAsync(), default);

    public Task<long> ClockAsync() => Database.ReadAsync(context => context.ReadClockAsync(default), default);

    /// <summary>From now on it renews no lease, as if it had died.</summary>
    public Task StopRenewingAsync() => app.Services.GetRequiredService<DueLeases<OrdersDbContext>>().StopAsync(default);

    public async Task<(HealthStatus Status, string Description)> HealthAsync()
    {
        var entry = (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(c => c.Name == "due")).Entries["due"];
        return (entry.Status, entry.Description ?? "");
    }

    /// <summary>What a gauge of this process has now.</summary>
    public double? Gauge(string name) => gauges.Read(app.Services.GetRequiredService<IMeterFactory>(), name);

    /// <summary>Completes when it is told to stop.</summary>
    public CancellationToken Stopping => app.Lifetime.ApplicationStopping;

    public async Task StopAsync()
    {
        if (stopped)
            return;
        stopped = true;
        await app.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        gauges.Dispose();
        await StopAsync();
        await app.DisposeAsync();
    }
}
