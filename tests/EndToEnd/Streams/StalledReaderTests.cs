using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>One reader in a thousand that stops reading. For a minute with SUITE_SOAK=1, else for a quarter of it.</summary>
public sealed class StalledReaderTests(ITestOutputHelper print)
{
    private const int Others = 999;
    private const int EventsPerSecond = 500;
    private const long MaxQueuedBytes = 1024 * 1024;
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("SUITE_SOAK") == "1" ? 60 : 15);

    [TheoryNeeding(Need.RedisServer, Need.PostgreSql)]
    [InlineData("00:00:05", true)]
    [InlineData("01:00:00", false)]
    public async Task It_disturbs_no_other_holds_bounded_memory_and_then_catches_up_or_is_cut_off(string writeTimeout, bool cutOff)
    {
        await using var suite = await OrdersUnderTest.StartAsync(
            ("EventStreams:WriteTimeout", writeTimeout), ("EventStreams:MaxQueuedBytes", $"{MaxQueuedBytes}"), ("EventStreams:ClientTimeout", "01:00:00"));
        var users = await OrderLoad.NewUsersAsync(suite.UsersAddress, 100);
        using var over = new CancellationTokenSource();
        var others = Enumerable.Range(0, Others)
            .Select(i => OrderWatcher.Start(suite.Client, new WatchOrdersSubscription { UserId = users[i % 100], FromEarliest = true }, over.Token))
            .ToArray();
        await Eventually.UntilAsync(() => others.All(w => w.Streams > 0), "all have subscribed");
        using var enough = new CancellationTokenSource();
        var load = new OrderLoad([.. suite.Replicas.Select(r => r.Address)], users);
        var placing = load.RunAsync(EventsPerSecond, enough.Token);
        await Eventually.UntilAsync(() => others.Sum(w => w.Count) > 20_000, "events flow, and code is compiled");

        var start = DateTime.UtcNow;
        await Task.Delay(Stall / 2);
        var memory = suite.Replicas[0].Memory;
        using var channel = GrpcChannel.ForAddress(suite.Replicas[0].Address);
        using var stalled = await WatchAllAsync(channel, "");
        Assert.True(await stalled.ResponseStream.MoveNext(CancellationToken.None));
        var stallsFrom = DateTime.UtcNow;
        var queued = 0L;
        while (DateTime.UtcNow < stallsFrom + Stall)
        {
            queued = Math.Max(queued, (long)await suite.Replicas[0].MetricAsync("eventstream_server_queued_bytes"));
            await Task.Delay(200);
        }

        var stallsUntil = DateTime.UtcNow;
        var grown = suite.Replicas[0].Memory - memory;
        await Task.Delay(Stall / 2);
        var afterwards = DateTime.UtcNow;
        await enough.CancelAsync();
        await placing;

        var (read, cursor, end) = await ReadAsync(stalled, load.Placed.Count);
        if (cutOff)
        {
            Assert.Equal(StatusCode.ResourceExhausted, end);
            using var again = await WatchAllAsync(channel, cursor);
            Assert.True(await again.ResponseStream.MoveNext(CancellationToken.None));
            read.AddRange((await ReadAsync(again, load.Placed.Count - read.Count)).Orders);
        }

        var expected = load.Placed.Values.CountBy(user => user).ToDictionary();
        await Eventually.UntilAsync(() => others.All(w => w.Count >= expected[w.UserId]), "the others have everything");
        await over.CancelAsync();
        await Task.WhenAll(others.Select(w => w.Reading));
        var (without, with) = (P99(others, [(start, stallsFrom), (stallsUntil, afterwards)]), P99(others, [(stallsFrom, stallsUntil)]));
        print.WriteLine($"{load.Placed.Count} orders; p99 of the others without a stalled reader {without:0.0} ms, with one {with:0.0} ms ({with / without:0.00} x); "
            + $"at most {queued} bytes were queued; the process grew by {grown / 1024.0 / 1024:0.0} MiB");

        // From its first event on it has every order, once.
        Assert.Equal(load.Placed.Count, read.Count);
        Assert.Equal(load.Placed.Keys.Order(), read.Order());
        // The page that was read for it, on top of the bound.
        Assert.InRange(queued, 0, MaxQueuedBytes + 262_144);
        // What it should not change may vary on a busy machine; a reader that held up the others would cost seconds.
        Assert.True(with < (10 * without) + 1_000, $"{without} ms, {with} ms");
    }

    private static async Task<AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse>> WatchAllAsync(GrpcChannel channel, string cursor)
    {
        var stream = new OrdersService.OrdersServiceClient(channel).WatchOrders(cancellationToken: CancellationToken.None);
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = new WatchOrdersSubscription { SubscriptionId = 1, Cursor = cursor, FromEarliest = cursor.Length == 0 } }, CancellationToken.None);
        return stream;
    }

    private static async Task<(List<string> Orders, string Cursor, StatusCode End)> ReadAsync(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, int most)
    {
        var (orders, cursor) = (new List<string>(), "");
        try
        {
            do
            {
                var frame = stream.ResponseStream.Current;
                Assert.Null(frame.Reset);
                cursor = frame.Events?.Cursor ?? frame.Subscribed?.Cursor ?? cursor;
                orders.AddRange(frame.Events?.Events.Select(e => e.Order.OrderId) ?? []);
            }
            while (orders.Count < most && await stream.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Patience));
            return (orders, cursor, StatusCode.OK);
        }
        catch (RpcException e)
        {
            return (orders, cursor, e.StatusCode);
        }
    }

    private static double P99(OrderWatcher[] watchers, (DateTime From, DateTime To)[] windows)
    {
        var all = watchers.SelectMany(w => windows.SelectMany(x => w.Latencies(x.From, x.To))).Select(t => t.TotalMilliseconds).Order().ToArray();
        return all[(int)(all.Length * 0.99)];
    }
}
