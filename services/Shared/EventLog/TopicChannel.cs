using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// A process's Redis subscription to the channel of one topic. Subscribing and unsubscribing go through a gate that the topics of a process
/// share: the Redis client loses subscriptions when the two run at once. Used by one caller at a time.
/// </summary>
internal sealed partial class TopicChannel(string topic, SemaphoreSlim gate, RedisConnection redis, Action<ChannelMessage> receive, ILogger logger)
{
    private ChannelMessageQueue? queue;

    /// <summary>Whether it has subscribed, and has not been told since that it has unsubscribed.</summary>
    public bool IsSubscribed => queue is not null;

    /// <summary>Subscribes; messages are received one after the other, in order.</summary>
    public async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var subscriber = await redis.SubscriberAsync(cancellationToken);
            var channel = redis.Channel(topic);
            try
            {
                queue = await subscriber.SubscribeAsync(channel);
            }
            catch (Exception e) when (RedisErrors.IsUnavailable(e))
            {
                // The client keeps a queue of its own for what failed, and would fill it once it is connected.
                await subscriber.UnsubscribeAsync(channel, flags: CommandFlags.FireAndForget);
                throw;
            }

            queue.OnMessage(receive);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Unsubscribes, if it has subscribed.</summary>
    public async Task UnsubscribeAsync()
    {
        if (queue is null)
            return;
        await gate.WaitAsync(CancellationToken.None);
        try
        {
            await queue.UnsubscribeAsync();
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            // Without a connection there is no subscription on the server either.
            LogNotUnsubscribed(e, topic);
        }
        finally
        {
            queue = null;
            gate.Release();
        }
    }

    [LoggerMessage(5, LogLevel.Debug, "Topic {Topic}: could not unsubscribe from its channel")]
    private partial void LogNotUnsubscribed(Exception e, string topic);
}
