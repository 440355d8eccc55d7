using Grpc.Net.Client;
using Microservices.Gateway.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Many subscriptions that a caller begins at once, before an Orders that takes its time to accept each.</summary>
public sealed class SubscriptionStartTests : IAsyncLifetime, IDisposable
{
    private const int AtOnce = 2;
    private const int Subscriptions = 100;
    private readonly GatewayFixture gateway = new();
    private readonly SemaphoreSlim accepting = new(0);
    private int asked;

    public async Task InitializeAsync()
    {
        gateway.Settings["Backends:Orders:MaxOpening"] = $"{AtOnce}";
        await gateway.InitializeAsync();
        gateway.Orders.Topic.OnOpen = async context =>
        {
            Interlocked.Increment(ref asked);
            await accepting.WaitAsync(context.CancellationToken);
        };
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose()
    {
        gateway.Dispose();
        accepting.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task They_are_opened_a_few_at_a_time_and_another_caller_has_its_turn_between_them(bool sse)
    {
        using var watch = gateway.Grpc.WatchOverview();
        for (var i = 1; i <= Subscriptions; i++)
            await watch.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = (uint)i, Key = $"u{i}" } });
        // Those that wait have reached the line, or will: Users accepts at once.
        await Eventually.UntilAsync(() => gateway.Users.Topic.Open == Subscriptions, "all have begun");
        Assert.Equal(AtOnce, await Eventually.StandsStillAsync(() => Volatile.Read(ref asked), "Orders is asked for some"));

        using var channel = Tokens.Channel(gateway.Gateway.Grpc);
        var good = sse ? FollowAsync() : WatchAsync(channel);
        await Eventually.UntilAsync(() => sse ? gateway.Notifications.Topic.Open == 1 : gateway.Users.Topic.Open == Subscriptions + 1, "the other has begun");
        // One after the other; the other may come to the line a little later than it has begun.
        while (!good.IsCompleted)
        {
            var before = Volatile.Read(ref asked);
            accepting.Release();
            await Eventually.UntilAsync(() => good.IsCompleted || Volatile.Read(ref asked) > before, "the next one is asked for");
        }

        await good;
        Assert.InRange(Volatile.Read(ref asked), AtOnce + 1, Subscriptions / 2);

        accepting.Release(Subscriptions);
        await Eventually.UntilAsync(() => gateway.Orders.Topic.Open >= Subscriptions, "all are opened");
    }

    private static async Task WatchAsync(GrpcChannel channel)
    {
        using var watch = new GatewayService.GatewayServiceClient(channel).WatchOverview();
        await watch.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = 1, Key = "good" } });
        while ((await watch.NextAsync()).Events is not { Snapshot: true })
        {
            // It is told that it stands first.
        }
    }

    private async Task FollowAsync()
    {
        using var lines = new StreamReader(await gateway.Rest.GetStreamAsync("/v1/users/good/events"));
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line == "event: ready")
                return;
        }

        Assert.Fail("The stream has ended");
    }
}
