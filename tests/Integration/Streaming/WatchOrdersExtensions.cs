using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A client of WatchOrders that writes and reads its frames itself.</summary>
internal static class WatchOrdersExtensions
{
    /// <summary>Opens a stream.</summary>
    public static AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> WatchOrders(this GrpcChannel channel) =>
        new OrdersService.OrdersServiceClient(channel).WatchOrders();

    /// <summary>Subscribes, from the earliest event unless the change says otherwise.</summary>
    public static Task SubscribeAsync(this AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, uint id, Action<Subscription>? change = null)
    {
        var subscription = new Subscription { SubscriptionId = id, FromEarliest = true };
        change?.Invoke(subscription);
        return stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = subscription });
    }

    /// <summary>The next frame, which tells that a subscription has failed.</summary>
    public static async Task<(uint Id, StatusCode Code)> FailureAsync(this AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream)
    {
        var failed = (await stream.NextAsync()).Failed;
        Assert.DoesNotContain("secret", failed.Status.Message, StringComparison.Ordinal);
        return (failed.SubscriptionId, (StatusCode)failed.Status.Code);
    }

    /// <summary>The events of the next frame, which may have none; fails when it says that a subscription has failed: then none would ever come.</summary>
    public static async Task<IReadOnlyList<OrderEvent>> NextEventsAsync(this AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream)
    {
        var frame = await stream.NextAsync();
        Assert.Null(frame.Failed);
        return frame.Events?.Events ?? [];
    }

    /// <summary>Reads until as many events have come, and not one more.</summary>
    public static async Task ReadEventsAsync(this AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse> stream, int count)
    {
        while (count > 0)
            count -= (await stream.NextEventsAsync()).Count;
        Assert.Equal(0, count);
    }
}
