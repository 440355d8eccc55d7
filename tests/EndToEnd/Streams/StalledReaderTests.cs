using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>One reader in a thousand that stops reading. For a minute with SUITE_SOAK=1, else for a quarter of it.</summary>
public sealed class StalledReaderTests(ITestOutputHelper print)
{
    private const int Others = 999;
    private const int EventsPerSecond = 250;
    private const long MaxQueuedBytes = 1024 * 1024;
    // Of the resident memory of a process that collects garbage.
    private const long Noise = 4 * 1024 * 1024;
    private static readonly bool Soak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(Soak ? 60 : 15);

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
            .Select(i => OrderWatcher.Start(suite.Client, new Subscription { Key = users[i % 100], FromEarliest = true }, over.Token))
            .ToArray();
        await Eventually.UntilAsync(() => others.All(w => w.Streams > 0), "all have subscribed");
        using var channel = Tokens.Channel(suite.Replicas[0].Address);
        using var reader = await StoppableReader.StartAsync(channel, "");
        using var enough = new CancellationTokenSource();
        var load = new OrderLoad([.. suite.Replicas.Select(r => r.Address)], users);
        var placing = load.RunAsync(EventsPerSecond, enough.Token);
        await Eventually.UntilAsync(() => others.Sum(w => w.Count) > 50_000, "events flow, and code is compiled");

        var before = await ObserveAsync(suite.Replicas[0]);
        await reader.StopAsync();
        var stalled = await ObserveAsync(suite.Replicas[0]);
        reader.GoOn();
        if (cutOff)
            Assert.Equal(StatusCode.ResourceExhausted, await reader.Reading);
        using var again = cutOff ? await StoppableReader.StartAsync(channel, reader.Cursor) : null;
        await Eventually.UntilAsync(() => Read().Count() >= load.Placed.Count - EventsPerSecond, "it has caught up");
        var after = await ObserveAsync(suite.Replicas[0]);
        await enough.CancelAsync();
        await placing;

        var expected = load.Placed.Values.CountBy(user => user).ToDictionary();
        await Eventually.UntilAsync(() => others.All(w => w.Count >= expected[w.UserId]), "the others have everything");
        await Eventually.UntilAsync(() => Read().Count() >= load.Placed.Count, "it has everything");
        await over.CancelAsync();
        await Task.WhenAll(others.Select(w => w.Reading));
        var (without, with) = (P99(others, before, after), P99(others, stalled));
        print.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{load.Placed.Count} orders; p99 of the others without a stalled reader {without:0.0} ms ({P99(others, before):0.0} before, {P99(others, after):0.0} after), with one {with:0.0} ms ({with / without:0.00} x)"));
        print.WriteLine(string.Create(CultureInfo.InvariantCulture, $"At most {stalled.Queued} bytes were queued; the process grew by {before.Grown >> 10} KiB before, by {stalled.Grown >> 10} KiB meanwhile, by {after.Grown >> 10} KiB after"));

        // Every order, once.
        Assert.Equal(load.Placed.Keys.Order(), Read().Order());
        // The page that was read for it, on top of the bound.
        Assert.InRange(stalled.Queued, 0, MaxQueuedBytes + 262_144);
        // It grows with the events that it remembers, stalled reader or not.
        Assert.True(stalled.Grown - Math.Max(before.Grown, after.Grown) < MaxQueuedBytes + Noise, $"{before.Grown}, {stalled.Grown}, {after.Grown}");
        // Meant to be 1.1; a reader that held up the others would cost seconds.
        Assert.True(with < (Soak ? 1.1 : 10) * without, $"{without} ms, {with} ms");

        IEnumerable<string> Read() => reader.Orders.Concat(again?.Orders ?? []);
    }

    private static async Task<Observed> ObserveAsync(ReplicaProcess replica)
    {
        var (from, memory, queued) = (DateTime.UtcNow, replica.Memory, 0L);
        while (DateTime.UtcNow < from + Stall)
        {
            queued = Math.Max(queued, (long)await replica.MetricAsync("eventstream_server_queued_bytes"));
            await Task.Delay(200);
        }

        return new(from, DateTime.UtcNow, queued, replica.Memory - memory);
    }

    private static double P99(OrderWatcher[] watchers, params Observed[] windows)
    {
        var all = watchers.SelectMany(w => windows.SelectMany(x => w.Latencies(x.From, x.To))).Select(t => t.TotalMilliseconds).Order().ToArray();
        return all[(int)(all.Length * 0.99)];
    }

    private sealed record Observed(DateTime From, DateTime To, long Queued, long Grown);

    /// <summary>Reads all orders, until it is told to stop reading: then nothing takes what comes.</summary>
    private sealed class StoppableReader : IDisposable
    {
        private readonly AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream;
        private readonly SemaphoreSlim mayRead = new(1);
        private readonly List<string> orders = [];

        private StoppableReader(AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream)
        {
            this.stream = stream;
            Reading = ReadAsync();
        }

        public Task<StatusCode> Reading { get; }

        public string Cursor { get; private set; } = "";

        public IReadOnlyList<string> Orders
        {
            get
            {
                lock (orders)
                    return [.. orders];
            }
        }

        public static async Task<StoppableReader> StartAsync(GrpcChannel channel, string cursor)
        {
            var stream = new OrdersService.OrdersServiceClient(channel).WatchOrders(cancellationToken: CancellationToken.None);
            await stream.RequestStream.WriteAsync(
                new WatchOrdersRequest { Subscribe = new Subscription { SubscriptionId = 1, Cursor = cursor, FromEarliest = cursor.Length == 0 } }, CancellationToken.None);
            return new(stream);
        }

        public Task StopAsync() => mayRead.WaitAsync();

        public void GoOn() => mayRead.Release();

        public void Dispose()
        {
            stream.Dispose();
            mayRead.Dispose();
        }

        private async Task<StatusCode> ReadAsync()
        {
            try
            {
                while (true)
                {
                    await mayRead.WaitAsync();
                    mayRead.Release();
                    if (!await stream.ResponseStream.MoveNext(CancellationToken.None))
                        return StatusCode.OK;
                    var frame = stream.ResponseStream.Current;
                    Assert.Null(frame.Reset);
                    Cursor = frame.Events?.Cursor ?? frame.Subscribed?.Cursor ?? Cursor;
                    lock (orders)
                        orders.AddRange(frame.Events?.Events.Select(e => e.Order.OrderId) ?? []);
                }
            }
            catch (RpcException e)
            {
                return e.StatusCode;
            }
        }
    }
}
