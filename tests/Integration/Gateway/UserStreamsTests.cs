using Google.Rpc;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A gateway whose users have two streams open, and three subscriptions.</summary>
public sealed class UserStreamsTests : IAsyncLifetime, IDisposable
{
    private readonly GatewayFixture gateway = new();

    public async Task InitializeAsync()
    {
        gateway.Settings["Admission:MaxStreamsPerUser"] = "2";
        gateway.Settings["Admission:MaxSubscriptionsPerUser"] = "3";
        await gateway.InitializeAsync();
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task A_user_opens_so_many_streams_whatever_connections_it_has_and_others_theirs()
    {
        using var channels = new Channels(gateway, "ada", "ada", "ada", "bob");
        using var first = channels[0].WatchOverview();
        using var second = channels[1].LookupOverviews();
        Assert.True(await SubscribeAsync(first, 1, "ada"));
        Assert.True(await second.ResponseStream.MoveNext());

        using var third = channels[2].WatchOverview();
        var refused = await Assert.ThrowsAsync<RpcException>(() => third.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        Check(refused.GetRpcStatus()!, "TOO_MANY_STREAMS");
        using var others = channels[3].WatchOverview();
        Assert.True(await SubscribeAsync(others, 1, "bob"));

        second.Dispose();
        await Eventually.UntilAsync(async () =>
        {
            using var again = channels[2].LookupOverviews();
            try
            {
                return await again.ResponseStream.MoveNext();
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.ResourceExhausted)
            {
                return false;
            }
        }, "there is room for another one");
    }

    [Fact]
    public async Task Subscriptions_of_all_streams_and_events_over_HTTP_have_one_bound_for_each_user()
    {
        using var channels = new Channels(gateway, "ada", "ada", "bob");
        using var rest = LimitedClient.Of(gateway.Gateway, "ada");
        using var first = channels[0].WatchOverview();
        using var second = channels[1].WatchOverview();
        Assert.True(await SubscribeAsync(first, 1, "ada"));
        Assert.True(await SubscribeAsync(second, 1, "ada"));
        (await SseClient.ReadyAsync(rest)).Dispose();
        await Eventually.UntilAsync(async () => await SubscribeAsync(second, 2, "ada"), "the event stream over HTTP has ended");

        await first.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = 9, Key = "ada" } });
        Check((await first.NextAsync()).Failed.Status, "TOO_MANY_SUBSCRIPTIONS");
        var problem = await (await rest.GetAsync("/v1/users/ada/events", HttpCompletionOption.ResponseHeadersRead)).ProblemAsync(429);
        Assert.Equal("TOO_MANY_SUBSCRIPTIONS", problem.GetProperty("reason").GetString());
        using var others = channels[2].WatchOverview();
        Assert.True(await SubscribeAsync(others, 1, "bob"));

        // What has ended makes room, and a subscription that failed took none.
        first.Dispose();
        await Eventually.UntilAsync(async () => await SubscribeAsync(second, 3, "ada"), "there is room for another one");
    }

    private static async Task<bool> SubscribeAsync(AsyncDuplexStreamingCall<WatchOverviewRequest, WatchOverviewResponse> stream, uint id, string user)
    {
        await stream.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new() { SubscriptionId = id, Key = user } });
        while (true)
        {
            var frame = await stream.NextAsync();
            if (frame.Failed is { } failed)
            {
                Check(failed.Status, "TOO_MANY_SUBSCRIPTIONS");
                return false;
            }

            if (frame.Events is { Snapshot: true } events && events.SubscriptionId == id)
                return true;
        }
    }

    private static void Check(Google.Rpc.Status status, string reason)
    {
        Assert.Equal((int)StatusCode.ResourceExhausted, status.Code);
        Assert.Equal(reason, status.GetDetail<ErrorInfo>().Reason);
        Assert.Equal("user", Assert.Single(status.GetDetail<QuotaFailure>().Violations).Subject);
    }

    /// <summary>Clients of the gateway, each with a connection and a token of its own.</summary>
    private sealed class Channels(GatewayFixture gateway, params string[] users) : IDisposable
    {
        private readonly Grpc.Net.Client.GrpcChannel[] channels = [.. users.Select(user => Tokens.Channel(gateway.Gateway.Grpc, Tokens.Authority.Person(user)))];

        public GatewayService.GatewayServiceClient this[int i] => new(channels[i]);

        public void Dispose()
        {
            foreach (var channel in channels)
                channel.Dispose();
        }
    }
}
