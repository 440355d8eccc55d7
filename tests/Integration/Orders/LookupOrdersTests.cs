using Grpc.Core;
using Microservices.Orders;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using LatestOrders = Microservices.Orders.LatestOrders;
using OrdersService = Microservices.Orders.V1.OrdersService;

namespace Microservices.Tests.Integration.Orders;

public abstract class LookupOrdersTests(Backends backends)
{
    // Null where the backends are not to be had, and then every test is skipped.
    private readonly OrdersService.OrdersServiceClient orders = backends.Orders;

    [SkippableFact]
    public async Task Each_lookup_has_its_users_latest_orders_newest_first_or_a_status_of_its_own()
    {
        var (ada, bob) = (await PlacedAsync(12), await PlacedAsync(2));
        var results = await LookupAsync(
            (ada[0].UserId, 0), (ada[0].UserId, 3), (ada[0].UserId, 1_000), (bob[0].UserId, 5), ("nobody", 5), ("no/slash", 5), (ada[0].UserId, -1));

        Assert.Equal(ada.Reverse().Take(10), results[0].Latest.Orders);
        Assert.Equal(ada.Reverse().Take(3), results[1].Latest.Orders);
        Assert.Equal(ada.Reverse(), results[2].Latest.Orders);
        Assert.Equal(bob.Reverse(), results[3].Latest.Orders);
        Assert.Empty(results[4].Latest.Orders);
        Assert.Equal(["user_id"], results[5].Error.Fields());
        Assert.Equal(["limit"], results[6].Error.Fields());
        Assert.Equal((int)StatusCode.InvalidArgument, results[6].Error.Code);
    }

    [SkippableFact]
    public async Task Orders_are_unchanged_until_one_is_placed_or_moved_and_then_are_as_they_are_now()
    {
        var placed = await PlacedAsync(2);
        var userId = placed[0].UserId;
        var first = await LookupAsync(userId, known: 0);
        Assert.Equal(placed.Reverse(), first.Latest.Orders);
        Assert.NotEqual(0UL, first.Etag);

        var again = await LookupAsync(userId, first.Etag);
        Assert.True(again.Unchanged);
        Assert.Equal(first.Etag, again.Etag);

        var third = (await orders.PlaceOrderAsync(Backends.AnOrder(userId))).Order;
        var grown = await LookupAsync(userId, first.Etag);
        Assert.Equal([third, .. placed.Reverse()], grown.Latest.Orders);

        var cancelled = (await orders.CancelOrderAsync(new CancelOrderRequest { OrderId = third.OrderId })).Order;
        var moved = await LookupAsync(userId, grown.Etag);
        Assert.Equal([cancelled, .. placed.Reverse()], moved.Latest.Orders);
        Assert.Equal(3, new[] { first.Etag, grown.Etag, moved.Etag }.Distinct().Count());

        Assert.True((await LookupAsync(userId, moved.Etag)).Unchanged);
        Assert.Equal(0UL, (await LookupAsync((userId, 10)))[0].Etag);
    }

    [SkippableFact]
    public async Task Who_has_no_orders_has_an_etag_too_until_the_first_is_placed()
    {
        var userId = (await backends.NewUserAsync()).UserId;
        var none = await LookupAsync(userId, known: 0);
        Assert.Empty(none.Latest.Orders);
        Assert.True((await LookupAsync(userId, none.Etag)).Unchanged);

        var placed = (await orders.PlaceOrderAsync(Backends.AnOrder(userId))).Order;
        Assert.Equal([placed], (await LookupAsync(userId, none.Etag)).Latest.Orders);
    }

    [SkippableFact]
    public async Task A_lookup_and_the_list_agree_on_orders_of_the_same_microsecond()
    {
        var userId = (await backends.NewUserAsync()).UserId;
        await using var scope = backends.OrdersHost.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        var time = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < 5; i++)
        {
            database.Orders.Add(new Microservices.Orders.Order
            {
                OrderId = $"{Guid.NewGuid()}",
                UserId = userId,
                Partition = 0,
                State = OrderState.Placed,
                CurrencyCode = "EUR",
                Lines = [],
                Total = 0,
                Version = 1,
                PlaceTime = time,
                UpdateTime = time,
            });
        }

        await database.SaveChangesAsync();

        var listed = await orders.ListOrdersAsync(new ListOrdersRequest { UserId = userId, PageSize = 3 });
        Assert.Equal(listed.Orders, (await LookupAsync((userId, 3)))[0].Latest.Orders);
    }

    [SkippableFact]
    public async Task A_lookup_reads_the_index_and_never_the_whole_table()
    {
        await using var scope = backends.OrdersHost.Services.CreateAsyncScope();
        await using var database = await scope.ServiceProvider.GetRequiredService<IDbContextFactory<OrdersDbContext>>().CreateDbContextAsync();
        var query = LatestOrders.Query(database, 2).Replace("{0}", "'a'", StringComparison.Ordinal).Replace("{1}", "'b'", StringComparison.Ordinal).Replace("{2}", "10", StringComparison.Ordinal);

        var plan = await PlanAsync(database, query);

        Assert.DoesNotContain("SCAN o", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        Assert.Contains("IX_Orders_UserId_PlaceTime_OrderId", plan, StringComparison.Ordinal);
    }

    private static async Task<string> PlanAsync(OrdersDbContext database, string query)
    {
        await database.Database.OpenConnectionAsync();
        await using var command = database.Database.GetDbConnection().CreateCommand();
        // A table this small is read whole by PostgreSQL unless it may not.
        command.CommandText = database.Database.IsNpgsql() ? $"SET enable_seqscan = off; EXPLAIN {query}" : $"EXPLAIN QUERY PLAN {query}";
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(reader.FieldCount - 1));
        return string.Join('\n', lines);
    }

    private async Task<Microservices.Orders.V1.Order[]> PlacedAsync(int count)
    {
        var userId = (await backends.NewUserAsync()).UserId;
        var placed = new Microservices.Orders.V1.Order[count];
        for (var i = 0; i < count; i++)
            placed[i] = (await orders.PlaceOrderAsync(Backends.AnOrder(userId))).Order;
        return placed;
    }

    protected async Task<LookupOrdersResult> LookupAsync(string userId, ulong known) =>
        (await LookupAsync([new LookupOrdersCall { UserId = userId, KnownEtag = known }]))[0];

    private Task<LookupOrdersResult[]> LookupAsync(params (string UserId, int Limit)[] calls) =>
        LookupAsync(Array.ConvertAll(calls, call => new LookupOrdersCall { UserId = call.UserId, Limit = call.Limit }));

    private async Task<LookupOrdersResult[]> LookupAsync(LookupOrdersCall[] calls)
    {
        using var stream = orders.LookupOrders();
        var frame = new LookupOrdersRequest();
        for (var i = 0; i < calls.Length; i++)
        {
            calls[i].CallId = (ulong)i;
            frame.Calls.Add(calls[i]);
        }

        await stream.RequestStream.WriteAsync(frame);
        await stream.RequestStream.CompleteAsync();

        var results = new List<LookupOrdersResult>();
        while (await stream.ResponseStream.MoveNext().WaitAsync(Eventually.Timeout))
            results.AddRange(stream.ResponseStream.Current.Results);
        return [.. results.OrderBy(result => result.CallId)];
    }
}

public sealed class LookupOrdersOnSqliteTests(Backends backends) : LookupOrdersTests(backends), IClassFixture<Backends>;
