using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Microservices.Orders.V1;
using StackExchange.Redis;

namespace Microservices.Tests.Benchmarks.BareStream;

/// <summary>Who follows which user. Events come by one Redis channel, are parsed once, and go to the queue of each follower.</summary>
internal sealed class Topics(ConnectionMultiplexer redis)
{
    private readonly ConcurrentDictionary<string, ImmutableList<Channel<OrderEvent>>> followers = new();

    public async Task ListenAsync()
    {
        var queue = await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal("bare"));
        queue.OnMessage(message =>
        {
            var e = OrderEvent.Parser.ParseFrom((byte[])message.Message!);
            foreach (var follower in followers.GetValueOrDefault(e.Order.UserId, []))
                follower.Writer.TryWrite(e);
        });
    }

    public void Follow(string userId, Channel<OrderEvent> queue) => followers.AddOrUpdate(userId, _ => [queue], (_, all) => all.Add(queue));

    public void Leave(string userId, Channel<OrderEvent> queue) => followers.AddOrUpdate(userId, _ => [], (_, all) => all.Remove(queue));
}
