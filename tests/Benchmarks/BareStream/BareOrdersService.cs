using System.Threading.Channels;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;

namespace Microservices.Tests.Benchmarks.BareStream;

/// <summary>Follows the user of the first frame; answers with one frame an event. Later frames are not looked at.</summary>
internal sealed class BareOrdersService(Topics topics) : OrdersService.OrdersServiceBase
{
    public override async Task WatchOrders(
        IAsyncStreamReader<WatchOrdersRequest> requestStream, IServerStreamWriter<WatchOrdersResponse> responseStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken))
            return;
        var wanted = requestStream.Current.Subscribe;
        var queue = Channel.CreateUnbounded<OrderEvent>(new UnboundedChannelOptions { SingleReader = true });
        topics.Follow(wanted.Key, queue);
        try
        {
            await responseStream.WriteAsync(new WatchOrdersResponse { Subscribed = new EventSubscribed { SubscriptionId = wanted.SubscriptionId, Recovered = true } });
            await foreach (var e in queue.Reader.ReadAllAsync(context.CancellationToken))
                await responseStream.WriteAsync(new WatchOrdersResponse { Events = new WatchOrdersEvents { SubscriptionId = wanted.SubscriptionId, Events = { e } } });
        }
        finally
        {
            topics.Leave(wanted.Key, queue);
        }
    }
}
