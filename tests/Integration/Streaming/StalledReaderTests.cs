using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>Readers of event streams that stop reading, or read slowly: what is kept for them is bounded, and no other is disturbed.</summary>
public sealed class StalledReaderTests
{
    [Fact]
    public async Task A_reader_that_stalls_is_cut_off_and_disturbs_no_other_while_memory_stays_bounded()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "00:00:01"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stalled = channel.WatchOrders();
        await stalled.SubscribeAsync(1);
        await Eventually.UntilAsync(() => log.Subscribed == 1, "subscribed");
        log.Append(5000, padding: 1000);

        using var well = channel.WatchOrders();
        await well.SubscribeAsync(1);
        await well.ReadEventsAsync(5000);
        await Eventually.UntilAsync(() => !host.Ends.IsEmpty, "the stalled stream is cut off");

        Assert.Equal(StatusCode.ResourceExhausted, Assert.Single(host.Ends));
        // 500 pages were read for the one; the other took what windows and buffers hold, not its 5 MB.
        Assert.InRange(log.Pulled - 500, 1, 100);
        log.Append(1);
        await well.ReadEventsAsync(1);
    }

    [Fact]
    public async Task A_reader_that_stalls_waits_and_catches_up_when_it_is_allowed_to()
    {
        var log = new EventsMemoryLog();
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1);

        Assert.InRange(await Eventually.StandsStillAsync(() => log.Pulled, "it stalls"), 1, 99);
        await stream.ReadEventsAsync(5000);
    }

    [Fact]
    public async Task A_reader_that_stalls_and_says_that_it_is_there_is_not_taken_for_silent_and_catches_up()
    {
        var log = new EventsMemoryLog();
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"), ("ClientTimeout", "00:00:01"), ("MaxQueuedBytes", "1024"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1);
        using var over = new CancellationTokenSource();
        var stalled = new TaskCompletionSource();
        var beating = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            for (var i = 0; !over.IsCancellationRequested && await timer.WaitForNextTickAsync(); i++)
            {
                await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Heartbeat = new EventHeartbeat() });
                // Twice as long as a silent client would have.
                if (i == 20)
                    stalled.SetResult();
            }
        });
        await stalled.Task.WaitAsync(Eventually.Timeout);

        await stream.ReadEventsAsync(5000);
        Assert.Empty(host.Ends);
        await over.CancelAsync();
        await beating;
    }

    [Fact]
    public async Task Readers_that_stall_are_cut_off_sooner_than_they_may_stall_when_too_much_waits_for_all_of_them_together()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"), ("MaxTotalQueuedBytes", $"{300_000}"), ("MaxQueuedBytes", "100000"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var well = channel.WatchOrders();
        await well.SubscribeAsync(1);
        var stalled = Enumerable.Range(0, 8).Select(_ => channel.WatchOrders()).ToList();
        foreach (var stream in stalled)
        {
            for (var id = 1u; id <= 20; id++)
                await stream.SubscribeAsync(id);
        }

        await Eventually.UntilAsync(() => log.Subscribed == 161, "subscribed");
        log.Append(2000, padding: 1000);
        await well.ReadEventsAsync(2000);
        await Eventually.UntilAsync(() => host.Ends.Count >= 4, "enough of them are cut off");

        Assert.All(host.Ends, end => Assert.Equal(StatusCode.ResourceExhausted, end));
        log.Append(1);
        await well.ReadEventsAsync(1);
        stalled.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_a_reader_that_stalls_however_long_that_is_allowed_otherwise()
    {
        var log = new EventsMemoryLog();
        log.Append(5000, padding: 1000);
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"), ("DrainWindow", "00:00:00"), ("DrainTimeout", "00:00:00.5"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1);
        await Eventually.StandsStillAsync(() => log.Pulled, "it stalls");

        await host.DrainAsync();
        await Eventually.UntilAsync(() => !host.Ends.IsEmpty, "the stream is ended");

        Assert.Equal(StatusCode.ResourceExhausted, Assert.Single(host.Ends));
    }

    [Fact]
    public async Task A_slow_reader_of_LATEST_gets_the_newest_of_each_key_and_few_besides()
    {
        var log = new EventsMemoryLog();
        await using var host = await EventsHost.StartAsync(log, ("WriteTimeout", "01:00:00"));
        using var channel = GrpcChannel.ForAddress(host.Address);
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1, s => s.Delivery = EventDelivery.Latest);
        await Eventually.UntilAsync(() => log.Subscribed == 1, "subscribed");
        for (var i = 0; i < 500; i++)
            log.Append(100, padding: 1000);

        var (count, newest) = (0, new Dictionary<char, int>());
        while (newest.Count < 10 || newest.Values.Any(v => v <= 49_990))
        {
            foreach (var e in await stream.NextEventsAsync())
            {
                var id = int.Parse(e.Order.OrderId, System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(!newest.TryGetValue(e.Order.OrderId[^1], out var last) || last < id);
                newest[e.Order.OrderId[^1]] = id;
                count++;
            }
        }

        Assert.InRange(count, 10, 10_000);
    }
}
