using System.Diagnostics;
using Grpc.Core;
using Microservices.Gateway.Events;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Subscriptions to overviews that come all at once, before backends that bear 8 calls each.</summary>
public sealed class SnapshotLineTests : IAsyncLifetime, IDisposable
{
    private const int Limit = 8;
    private const int AtOnce = 4;

    // How many snapshots of a stream are read or wait to be written.
    private const int MostPages = 4;
    private readonly GatewayFixture gateway = new();
    private readonly HeldCall held = new();
    private int listing;

    public async Task InitializeAsync()
    {
        foreach (var backend in (string[])["Users", "Orders"])
        {
            gateway.Settings[$"Backends:{backend}:MinConcurrency"] = $"{Limit}";
            gateway.Settings[$"Backends:{backend}:MaxConcurrency"] = $"{Limit}";
        }

        gateway.Settings["Events:MaxConcurrentSnapshots"] = $"{AtOnce}";
        gateway.Settings["Gateway:DefaultTimeout"] = "00:00:30";
        await gateway.InitializeAsync();
        gateway.Orders.OnList = async (request, context) =>
        {
            Interlocked.Increment(ref listing);
            await held.HoldAsync(context);
            return new ListOrdersResponse { Orders = { GatewayFixture.Order("o1", request.UserId) } };
        };
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task Each_of_many_subscriptions_gets_its_snapshot_and_another_caller_finds_room_beside_them()
    {
        const int Subscriptions = 200;
        const int Streams = 5;
        var line = gateway.Gateway.Services.GetRequiredService<OverviewSnapshot>();
        var watches = Enumerable.Range(0, Streams).Select(_ => gateway.Grpc.WatchOverview()).ToArray();
        try
        {
            foreach (var watch in watches)
                await SubscribeAsync(watch, Subscriptions / Streams);
            await Eventually.UntilAsync(() => line.Waiting == (Streams * MostPages) - AtOnce && Volatile.Read(ref listing) == AtOnce, "as many snapshots are read as may, and the others wait");

            // The line takes half of what Orders bears; the rest is for others.
            var beside = Enumerable.Range(0, Limit - AtOnce).Select(_ => gateway.Rest.GetAsync("/v1/users/ada/orders")).ToList();
            await Eventually.UntilAsync(() => Volatile.Read(ref listing) == Limit, "others are let through");
            held.Release();

            Assert.All(await Task.WhenAll(beside), answer => Assert.True(answer.IsSuccessStatusCode));
            foreach (var watch in watches)
                await SnapshotsAsync(watch, Subscriptions / Streams);
        }
        finally
        {
            Array.ForEach(watches, watch => watch.Dispose());
        }
    }

    [Fact]
    public async Task A_snapshot_for_which_the_bulkhead_has_no_room_waits_until_it_has()
    {
        var beside = Enumerable.Range(0, Limit).Select(_ => gateway.Rest.GetAsync("/v1/users/ada/orders")).ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref listing) == Limit, "others take all that Orders bears");
        var asked = 0;
        var answer = gateway.Users.OnGet;
        gateway.Users.OnGet = (request, context) =>
        {
            Interlocked.Increment(ref asked);
            return answer(request, context);
        };
        using var watch = gateway.Grpc.WatchOverview();
        await SubscribeAsync(watch, 1);
        await Eventually.UntilAsync(() => Volatile.Read(ref asked) > 1, "it has tried more than once");

        held.Release();
        Assert.All(await Task.WhenAll(beside), one => Assert.True(one.IsSuccessStatusCode));
        await SnapshotsAsync(watch, 1);
    }

    [Fact]
    public async Task A_subscription_whose_turn_does_not_come_in_time_is_told_that_there_is_too_much_to_do_and_when_to_try_again()
    {
        var timeout = TimeSpan.FromSeconds(3);
        await using var impatient = gateway.AnotherGateway(
            ("Events:MaxConcurrentSnapshots", "1"), ("Gateway:DefaultTimeout", $"{timeout}"), ("Backends:Orders:MinConcurrency", "1"), ("Backends:Orders:MaxConcurrency", "1"));
        var client = new GatewayService.GatewayServiceClient(impatient.Channel);
        var hanging = impatient.Rest.SendAsync(HttpMethod.Get, "/v1/users/ada/orders", header: ("Request-Timeout", "60"));
        await Eventually.UntilAsync(() => Volatile.Read(ref listing) == 1, "another takes all that Orders bears");
        using var watch = client.WatchOverview();
        var start = Stopwatch.GetTimestamp();
        await SubscribeAsync(watch, MostPages);

        var first = 0L;
        for (var failed = 0; failed < MostPages;)
        {
            var frame = await watch.NextAsync();
            if (frame.Failed is null)
                continue;
            if (failed++ == 0)
                first = Stopwatch.GetTimestamp();
            Assert.Equal((int)StatusCode.ResourceExhausted, frame.Failed.Status.Code);
            Assert.NotNull(frame.Failed.Status.GetDetail<Google.Rpc.RetryInfo>()?.RetryDelay);
        }

        // Each had its time, to the end, and the wait for those before it is part of that.
        Assert.True(Stopwatch.GetElapsedTime(start, first) > timeout * 0.9);
        Assert.True(Stopwatch.GetElapsedTime(first) < timeout);
        held.Release();
        Assert.True((await hanging).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_connection_with_many_subscriptions_delays_nobody_elses_snapshot()
    {
        const int Streams = 10;
        using var one = new SemaphoreSlim(0);
        var listed = new List<string>();
        gateway.Orders.OnList = async (request, context) =>
        {
            lock (listed)
                listed.Add(request.UserId);
            await one.WaitAsync(context.CancellationToken);
            return new ListOrdersResponse { Orders = { GatewayFixture.Order("o1", request.UserId) } };
        };
        await using var other = gateway.AnotherGateway(("Events:MaxConcurrentSnapshots", "1"), ("Gateway:DefaultTimeout", "00:01:00"));
        var line = other.Services.GetRequiredService<OverviewSnapshot>();
        var client = new GatewayService.GatewayServiceClient(other.Channel);
        var many = Enumerable.Range(0, Streams).Select(_ => client.WatchOverview()).ToArray();
        try
        {
            foreach (var stream in many)
                await SubscribeAsync(stream, 20);
            await Eventually.UntilAsync(() => line.Waiting == (Streams * MostPages) - 1, "of each stream, as many as it may hold wait in line");

            using var channel = Tokens.Channel(other.Grpc);
            using var good = new GatewayService.GatewayServiceClient(channel).WatchOverview();
            await good.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = 1, Key = "good" } });
            await Eventually.UntilAsync(() => line.Waiting == Streams * MostPages, "the other is in line behind them");
            // The one that is read, the one whose turn is next, and then the other.
            one.Release(3);
            await SnapshotsAsync(good, 1);
            lock (listed)
                Assert.InRange(listed.IndexOf("good"), 1, 2);
            one.Release(1_000);
        }
        finally
        {
            Array.ForEach(many, stream => stream.Dispose());
        }
    }

    [Fact]
    public async Task A_stream_that_does_not_read_has_only_a_few_snapshots_read_for_it()
    {
        const int Subscriptions = 200;
        gateway.Orders.OnList = (request, _) =>
        {
            Interlocked.Increment(ref listing);
            var order = GatewayFixture.Order("o1", request.UserId);
            for (var line = 0; line < 2_000; line++)
                order.Lines.Add(new OrderLine(order.Lines[0]) { ProductId = new string('p', 64) });
            return Task.FromResult(new ListOrdersResponse { Orders = { order } });
        };
        using (var watch = gateway.Grpc.WatchOverview())
        {
            await SubscribeAsync(watch, Subscriptions);
            await Eventually.UntilAsync(() => Volatile.Read(ref listing) >= MostPages, "snapshots are read");

            // Others get theirs meanwhile, many times over.
            for (var i = 0; i < 20; i++)
            {
                using var channel = Tokens.Channel(gateway.Gateway.Grpc);
                using var good = new GatewayService.GatewayServiceClient(channel).WatchOverview();
                await SubscribeAsync(good, 1);
                await SnapshotsAsync(good, 1);
            }

            // What its transport took of the first, in buffers smaller than one of them, and those that wait.
            Assert.InRange(Volatile.Read(ref listing) - 20, MostPages, 3 * MostPages);
            await SnapshotsAsync(watch, Subscriptions);
        }
    }

    private static async Task SubscribeAsync(AsyncDuplexStreamingCall<WatchOverviewRequest, WatchOverviewResponse> watch, int count)
    {
        for (var i = 1; i <= count; i++)
            await watch.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = (uint)i, Key = $"u{i}" } });
    }

    private static async Task SnapshotsAsync(AsyncDuplexStreamingCall<WatchOverviewRequest, WatchOverviewResponse> watch, int count)
    {
        var overviews = new HashSet<string>();
        while (overviews.Count < count)
        {
            var frame = await watch.NextAsync();
            Assert.Null(frame.Failed);
            if (frame.Events is { Snapshot: true } batch)
                Assert.True(overviews.Add(Assert.Single(batch.Events).Overview.UserId));
        }
    }
}
