using System.Diagnostics.Metrics;
using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Orders;
using Microservices.Persistence;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>One replica as far as the outbox is concerned: the database of Orders, the event log, and the relay between them.</summary>
internal sealed class OutboxProcess : IAsyncDisposable
{
    private readonly WebApplication app;

    private readonly Gauges gauges = new();
    private readonly WarningLines warnings;

    private OutboxProcess(WebApplication app, WarningLines warnings, FakeTimeProvider watch) => (this.app, this.warnings, WatchTime) = (app, warnings, watch);

    /// <summary>What it has logged as a warning or worse.</summary>
    public IReadOnlyCollection<string> Warnings => warnings.Lines;

    public Database<OrdersDbContext> Database => app.Services.GetRequiredService<Database<OrdersDbContext>>();

    public IEventLog Log => app.Services.GetRequiredService<IEventLog>();

    public OutboxStore<OrdersDbContext> Store => app.Services.GetRequiredService<OutboxStore<OrdersDbContext>>();

    public OutboxHistory<OrdersDbContext> History => app.Services.GetRequiredService<OutboxHistory<OrdersDbContext>>();

    /// <summary>What the relay appends to.</summary>
    public BreakableAppender Appender => (BreakableAppender)app.Services.GetRequiredService<IEventAppender>();

    public static async Task<OutboxProcess> StartAsync(string database, string redis, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var warnings = new WarningLines();
        builder.Logging.AddProvider(warnings);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Database"] = database,
            ["ConnectionStrings:Redis"] = redis,
            ["Kestrel:Endpoints:Grpc:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:Management:Url"] = "http://127.0.0.1:0",
            ["Outbox:PollInterval"] = "00:00:00.010",
            ["Outbox:CheckInterval"] = "00:00:00.050",
            ["Outbox:MaxBackoff"] = "00:00:00.100",
            ["Outbox:LeaseDuration"] = "00:00:00.300",
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Command"] = "None",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        var watch = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromTicks(1) };
        builder.Services.AddSingleton(new OutboxProgress(watch));
        builder.AddPersistence<OrdersDbContext, SqliteOrdersDbContext, PostgresOrdersDbContext>();
        builder.Services.AddSingleton<IEventAppender, BreakableAppender>();
        builder.AddEventLog();
        builder.AddOutbox<OrdersDbContext>();
        builder.Services.AddEventHistory<OutboxHistory<OrdersDbContext>>("test/");
        var app = builder.Build();
        await app.StartAsync();
        return new OutboxProcess(app, warnings, watch);
    }

    /// <summary>From now on it relays nothing and holds no lease.</summary>
    public Task StopRelayAsync() => app.Services.GetServices<IHostedService>().OfType<OutboxRelay<OrdersDbContext>>().Single().StopAsync(CancellationToken.None);

    /// <summary>Commits one event to each of the topics.</summary>
    public Task CommitAsync(long number, params string[] topics) => Database.WriteAsync(orders =>
    {
        orders.AddEvent(topics, "", Event(number));
        return Task.FromResult(0);
    }, CancellationToken.None);

    /// <summary>All that the log has of a topic; empty while Redis does not answer.</summary>
    public async Task<IReadOnlyList<LogEvent>> ReadLogAsync(string topic)
    {
        try
        {
            return (await Log.ReadAsync(topic, Cursor.Earliest, 100_000, long.MaxValue)).Events;
        }
        catch (EventLogUnavailableException)
        {
            return [];
        }
    }

    // One more: zero would be no content at all.
    public static Int64Value Event(long number) => new() { Value = number + 1 };

    public static long Number(LogEvent e) => Int64Value.Parser.ParseFrom(e.Payload.Span).Value - 1;

    /// <summary>What one health check says.</summary>
    public async Task<(HealthStatus Status, string Description)> HealthAsync(string check)
    {
        var entry = (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(c => c.Name == check)).Entries[check];
        return (entry.Status, entry.Description ?? "");
    }

    public OutboxProgress Progress => app.Services.GetRequiredService<OutboxProgress>();

    /// <summary>The time by which it watches what waits.</summary>
    public FakeTimeProvider WatchTime { get; }

    /// <summary>What a gauge of this process has now; null when it says nothing.</summary>
    public double? Gauge(string name) => gauges.Read(app.Services.GetRequiredService<IMeterFactory>(), name);

    public async ValueTask DisposeAsync()
    {
        gauges.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
