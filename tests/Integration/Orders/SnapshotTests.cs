using System.Diagnostics.Metrics;
using Microservices.Orders;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Order = Microservices.Orders.V1.Order;
using OrdersService = Microservices.Orders.V1.OrdersService;

namespace Microservices.Tests.Integration.Orders;

/// <summary>Snapshots of a service that has much to tell to readers that take their time.</summary>
public abstract class SnapshotTests(Backends backends) : IAsyncLifetime, IDisposable
{
    private const int Orders = 300;
    private readonly EmbeddedGarnet redis = new();
    private ServiceHost<OrdersDbContext> host = null!;
    private OrdersService.OrdersServiceClient orders = null!;

    public async Task InitializeAsync()
    {
        host = await backends.AnotherOrdersAsync(
            ("ConnectionStrings:Redis", redis.ConnectionString), ("Outbox:LeaseDuration", "00:00:00.3"), ("EventStreams:WriteTimeout", "00:01:00"));
        orders = new(host.Channel);
    }

    public async Task DisposeAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
    }

    public void Dispose()
    {
        redis.Dispose();
        GC.SuppressFinalize(this);
    }

    [SkippableFact]
    public async Task Snapshots_that_nobody_reads_hold_neither_a_transaction_nor_the_memory_and_keep_no_order_from_being_placed()
    {
        using var queued = new Sum(host.Services.GetRequiredService<IMeterFactory>(), "eventstream.server.queued");
        var user = await UserWithBigOrdersAsync();
        var other = (await backends.NewUserAsync()).UserId;
        using var stream = orders.WatchOrders();
        for (var i = 1u; i <= 300; i++)
            await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = i, Key = user, Snapshot = true } });
        await Eventually.UntilAsync(() => queued.Value > 64 * 1024, "the stream is full");

        for (var i = 0; i < 100; i++)
            await orders.PlaceOrderAsync(Backends.AnOrder(other), deadline: DateTime.UtcNow + Eventually.Timeout);

        Assert.Equal(0, await OpenTransactionsAsync());
        Assert.InRange(queued.Value, 0, 2 * 1024 * 1024);
    }

    [SkippableFact]
    public async Task Every_one_of_many_snapshots_on_a_stream_is_whole()
    {
        var user = await UserWithBigOrdersAsync();
        using var stream = orders.WatchOrders();
        for (var i = 1u; i <= 30; i++)
            await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = i, Key = user, Snapshot = true } });

        var seen = new Dictionary<uint, int>();
        for (var ended = 0; ended < 30;)
        {
            if ((await stream.NextAsync()).Events is not { } batch)
                continue;
            seen[batch.SubscriptionId] = seen.GetValueOrDefault(batch.SubscriptionId) + batch.Events.Count;
            ended += batch.Cursor.Length > 0 ? 1 : 0;
        }

        Assert.Equal(30, seen.Count);
        Assert.All(seen.Values, count => Assert.Equal(Orders, count));
    }

    [SkippableFact]
    public async Task What_changes_while_a_snapshot_is_read_ends_as_it_is()
    {
        var user = await UserWithBigOrdersAsync();
        using var stream = orders.WatchOrders();
        await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = 1, Key = user, Snapshot = true } });
        Assert.NotNull((await stream.NextAsync()).Subscribed);
        var (applied, newest, inSnapshot) = (new Dictionary<string, Order>(), new Dictionary<string, Order>(), new HashSet<string>());
        Apply((await stream.NextAsync()).Events);

        // Of those that were read, of those that may be, and of those that cannot have been yet; and one that is new.
        var listed = await ListAsync(user);
        var changed = new List<Order>();
        foreach (var order in new[] { listed[^1], listed[Orders / 2], listed[0] })
        {
            changed.Add((await orders.AdvanceOrderAsync(new() { OrderId = order.OrderId, State = OrderState.Paid })).Order);
            changed.Add((await orders.CancelOrderAsync(new() { OrderId = order.OrderId })).Order);
        }

        changed.Add((await orders.PlaceOrderAsync(Backends.AnOrder(user))).Order);

        var told = new HashSet<(string, long)>();
        while (told.Count < changed.Count)
        {
            var batch = (await stream.NextAsync()).Events;
            Apply(batch);
            if (!batch.Snapshot)
                told.UnionWith(batch.Events.Select(e => (e.Order.OrderId, e.Order.Version)));
        }

        Assert.Equal(changed.Select(o => (o.OrderId, o.Version)).Order(), told.Order());
        var now = (await ListAsync(user)).ToDictionary(o => o.OrderId);
        Assert.Equal(Orders + 1, now.Count);
        Assert.Equal(now, applied);
        Assert.Equal(now, newest);
        Assert.True(inSnapshot.Count >= Orders, $"{inSnapshot.Count} in the snapshot");

        void Apply(WatchOrdersEvents batch)
        {
            foreach (var order in batch.Events.Select(e => e.Order))
            {
                applied[order.OrderId] = order;
                if (!newest.TryGetValue(order.OrderId, out var known) || known.Version < order.Version)
                    newest[order.OrderId] = order;
                if (batch.Snapshot)
                    inSnapshot.Add(order.OrderId);
            }
        }
    }

    [SkippableFact]
    public async Task The_snapshots_of_all_partitions_have_every_order_once()
    {
        foreach (var user in await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => backends.NewUserAsync())))
            await orders.PlaceOrderAsync(Backends.AnOrder(user.UserId));

        var all = await InDatabaseAsync(database => database.Orders.Select(o => o.OrderId).ToListAsync());
        using var stream = orders.WatchOrders();
        for (var partition = 0u; partition < 16; partition++)
            await stream.RequestStream.WriteAsync(new() { Subscribe = new() { SubscriptionId = partition, Partition = partition, Snapshot = true } });
        var seen = new List<string>();
        for (var ended = 0; ended < 16;)
        {
            if ((await stream.NextAsync()).Events is not { } batch)
                continue;
            Assert.All(batch.Events, e => Assert.Equal(batch.SubscriptionId, (uint)KeyedTopics.PartitionOf(e.Order.UserId)));
            seen.AddRange(batch.Events.Select(e => e.Order.OrderId));
            ended += batch.Cursor.Length > 0 ? 1 : 0;
        }

        Assert.Equal(all.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    /// <summary>How many sessions have had a transaction open for seconds and do nothing.</summary>
    protected abstract Task<int> OpenTransactionsAsync();

    private protected async Task<T> InDatabaseAsync<T>(Func<OrdersDbContext, Task<T>> ask)
    {
        await using var scope = host.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        return await ask(database);
    }

    private async Task<List<Order>> ListAsync(string user)
    {
        var (all, token) = (new List<Order>(), "");
        do
        {
            var page = await orders.ListOrdersAsync(new() { UserId = user, PageSize = 500, PageToken = token });
            all.AddRange(page.Orders);
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return all;
    }

    /// <summary>Orders of 20 lines, 3 KB each.</summary>
    private async Task<string> UserWithBigOrdersAsync()
    {
        var user = (await backends.NewUserAsync()).UserId;
        await AddAsync(user, Orders);
        return user;
    }

    private Task<int> AddAsync(string user, int count) => InDatabaseAsync(database => BigOrders.AddAsync(database, user, count, lines: 20));

    /// <summary>The value of an instrument that counts up and down.</summary>
    private sealed class Sum : IDisposable
    {
        private readonly MeterListener listener = new();
        private long value;

        public Sum(IMeterFactory meters, string instrument)
        {
            listener.InstrumentPublished = (published, l) =>
            {
                if (published.Name == instrument && published.Meter.Scope == meters)
                    l.EnableMeasurementEvents(published);
            };
            listener.SetMeasurementEventCallback<long>((_, change, _, _) => Interlocked.Add(ref value, change));
            listener.Start();
        }

        public long Value => Volatile.Read(ref value);

        public void Dispose() => listener.Dispose();
    }
}

public sealed class SnapshotsOnSqliteTests(Backends backends) : SnapshotTests(backends), IClassFixture<Backends>
{
    // A reader holds nobody up; what it would keep is the log of the file.
    protected override Task<int> OpenTransactionsAsync() => Task.FromResult(0);
}

[Collection(nameof(OnPostgres))]
public sealed class SnapshotsOnPostgresTests(PostgresBackends backends) : SnapshotTests(backends.OrSkip())
{
    protected override async Task<int> OpenTransactionsAsync() => (await InDatabaseAsync(database => database.Database
        .SqlQuery<int>($"SELECT count(*)::int AS \"Value\" FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND clock_timestamp() - xact_start > interval '2 seconds'").ToListAsync())).Single();
}
