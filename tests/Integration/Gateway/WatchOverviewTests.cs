using Grpc.Core;
using Microservices.Gateway.Events;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>WatchOverview as the client of the library sees it. Each test has services of its own.</summary>
public sealed class WatchOverviewTests : IAsyncLifetime, IDisposable
{
    private readonly GatewayFixture gateway = new();
    private readonly CancellationTokenSource timeout = new(Eventually.Timeout);
    private ServiceProvider? services;

    public async Task InitializeAsync()
    {
        await gateway.InitializeAsync();
        services = new ServiceCollection().AddLogging().AddMetrics().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddEventStreamClient(GatewayService.WatchOverview, "Gateway", o =>
            {
                o.Addresses.Add(gateway.Gateway.Grpc);
                o.Token = Tokens.OperatorAsync;
            }).BuildServiceProvider();
    }

    public async Task DisposeAsync()
    {
        await services!.DisposeAsync();
        await gateway.DisposeAsync();
    }

    public void Dispose()
    {
        timeout.Dispose();
        gateway.Dispose();
    }

    [Fact]
    public async Task First_the_whole_overview_then_every_change_that_it_does_not_show()
    {
        var list = new HeldCall();
        gateway.Orders.OnList = async (_, context) =>
        {
            await list.HoldAsync(context);
            var changed = GatewayFixture.Order("o1", "ada");
            changed.Version = 3;
            return new ListOrdersResponse { Orders = { changed } };
        };
        await using var watch = Watch();
        var standing = NextAsync(watch);
        await list.Arrived;

        // While the snapshot is read: it shows the user's version 3 and the order's.
        gateway.Users.Topic.Append(TestEvents.User(2), TestEvents.User(3), TestEvents.User(4));
        gateway.Orders.Topic.Append(TestEvents.Order("o1", 2), TestEvents.Order("o1", 3), TestEvents.Order("o1", 4), TestEvents.Order("o2", 1));
        list.Release();

        Assert.Equal(new ReceivedSubscribed<OverviewEvent>(""), await standing);
        var overview = Assert.Single(Assert.IsType<ReceivedEvents<OverviewEvent>>(await NextAsync(watch)).Events).Overview;
        Assert.True(overview.Complete);
        Assert.Equal((3, 3), (overview.User.Version, Assert.Single(overview.Orders.Orders).Version));
        Assert.Equal(["o1 4", "o2 1", "user 4"], (await ChangesAsync(watch, 3)).Changes.Order());
        gateway.Orders.Topic.Append(TestEvents.Order("o1", 5));
        Assert.Equal(["o1 5"], (await ChangesAsync(watch, 1)).Changes);
    }

    [Theory]
    [InlineData(2, "next", true)]
    [InlineData(1, "next", false)]
    [InlineData(2, "", false)]
    public async Task A_snapshot_says_whether_orders_were_left_out_for_their_size(int limit, string next, bool truncated)
    {
        gateway.Orders.OnList = (_, _) => Task.FromResult(new ListOrdersResponse { Orders = { GatewayFixture.Order("o1", "ada") }, NextPageToken = next });
        using var watch = gateway.Grpc.WatchOverview();
        await watch.RequestStream.WriteAsync(new() { Subscribe = new() { Key = "ada" }, OrderLimit = limit });
        while (await watch.ResponseStream.MoveNext(timeout.Token) && watch.ResponseStream.Current.Events is null)
        {
        }

        Assert.Equal(truncated, Assert.Single(watch.ResponseStream.Current.Events!.Events).Overview.Orders.Truncated);
    }

    [Fact]
    public async Task Who_resumes_gets_what_came_after_and_no_snapshot()
    {
        string cursor;
        await using (var watch = Watch())
        {
            await SnapshotAsync(watch);
            gateway.Orders.Topic.Append(TestEvents.Order("o2", 1));
            cursor = (await ChangesAsync(watch, 1)).Cursor;
        }

        Assert.Equal(Ids.Overview("0.1"), cursor);
        gateway.Orders.Topic.Append(TestEvents.Order("o2", 2));
        gateway.Users.Topic.Append(TestEvents.User(4));
        await using var resumed = Watch(cursor);
        Assert.Equal(new ReceivedSubscribed<OverviewEvent>(Ids.Overview("0.1")), await NextAsync(resumed));
        var (changes, end) = await ChangesAsync(resumed, 2);
        Assert.Equal(["o2 2", "user 4"], changes.Order());
        Assert.Equal(Ids.Overview("1.2"), end);
    }

    [Fact]
    public async Task A_reset_brings_a_fresh_snapshot_and_then_what_changes()
    {
        await using var watch = Watch();
        await SnapshotAsync(watch);
        gateway.Orders.OnList = (_, _) => Task.FromResult(new ListOrdersResponse { Orders = { GatewayFixture.Order("o9", "ada") } });

        gateway.Orders.Topic.Fork();
        Assert.Equal(new ReceivedReset<OverviewEvent>(EventResetReason.Forked, ""), await NextAsync(watch));
        var snapshot = Assert.IsType<ReceivedEvents<OverviewEvent>>(await NextAsync(watch));
        Assert.True(snapshot.Snapshot);
        Assert.Equal("o9", Assert.Single(snapshot.Events).Overview.Orders.Orders.Single().OrderId);

        gateway.Orders.Topic.Append(TestEvents.Order("o9", 2), TestEvents.Order("o9", 3));
        Assert.Equal(["o9 3"], (await ChangesAsync(watch, 1)).Changes);
    }

    [Fact]
    public async Task What_cannot_be_begins_nothing_and_says_why_in_our_words()
    {
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Contract("users.v1", StatusCode.NotFound);
        Assert.Equal(StatusCode.NotFound, (await FailsAsync(new() { Key = "ada" })).StatusCode);
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Internal(StatusCode.PermissionDenied);
        Assert.Equal(StatusCode.PermissionDenied, (await FailsAsync(new() { Key = "ada" })).StatusCode);

        foreach (var cursor in (string[])["nonsense", "1.2.3", "0.0", Ids.Overview("1~2.0"), Ids.Overview("unknown.0"), Ids.Event("0.0"), ReaderPositions.Seal("overview/bob", "0.0")])
            Assert.Equal(StatusCode.InvalidArgument, (await FailsAsync(new() { Key = "ada", Cursor = cursor })).StatusCode);
        using var stream = gateway.Grpc.WatchOverview();
        await stream.RequestStream.WriteAsync(new() { Subscribe = new() { Key = "?", Cursor = "1", FromEarliest = true, Partition = 1 }, OrderLimit = -1 });
        Assert.True(await stream.ResponseStream.MoveNext(timeout.Token));
        Assert.Equal(["key", "cursor", "from_earliest", "partition", "order_limit"], stream.ResponseStream.Current.Failed.Status.Fields());
    }

    private async Task<RpcException> FailsAsync(Subscription subscription)
    {
        await using var watch = Watch(subscription);
        return await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
                await NextAsync(watch);
        });
    }

    private IAsyncEnumerator<ReceivedItem<OverviewEvent>> Watch(string cursor = "") => Watch(new Subscription { Key = "ada", Cursor = cursor });

    private IAsyncEnumerator<ReceivedItem<OverviewEvent>> Watch(Subscription subscription) =>
        services!.GetRequiredService<EventStreamClient<OverviewEvent>>().SubscribeAsync(subscription, timeout.Token).GetAsyncEnumerator();

    private static async Task SnapshotAsync(IAsyncEnumerator<ReceivedItem<OverviewEvent>> watch)
    {
        Assert.IsType<ReceivedSubscribed<OverviewEvent>>(await NextAsync(watch));
        Assert.True(Assert.IsType<ReceivedEvents<OverviewEvent>>(await NextAsync(watch)).Snapshot);
    }

    private static async Task<ReceivedItem<OverviewEvent>> NextAsync(IAsyncEnumerator<ReceivedItem<OverviewEvent>> watch)
    {
        Assert.True(await watch.MoveNextAsync());
        return watch.Current;
    }

    private static async Task<(List<string> Changes, string Cursor)> ChangesAsync(IAsyncEnumerator<ReceivedItem<OverviewEvent>> watch, int count)
    {
        var changes = new List<string>();
        while (changes.Count < count)
        {
            var batch = Assert.IsType<ReceivedEvents<OverviewEvent>>(await NextAsync(watch));
            Assert.False(batch.Snapshot);
            changes.AddRange(batch.Events.Select(e => e.User is { } user ? $"user {user.User.Version}" : $"{e.Order.Order.OrderId} {e.Order.Order.Version}"));
        }

        return (changes, watch.Current.Cursor);
    }
}
