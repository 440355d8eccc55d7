using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// Publishes to a channel of this process's own: only an arrival shows that subscriptions deliver; the client's IsConnected does not. When
/// nothing arrives while Redis answers, the process subscribes to every channel again. On a cluster it uses several, spread over the slots.
/// </summary>
internal sealed partial class DeliveryProbe(
    RedisConnection redis, TopicFeeds feeds, IOptions<EventLogOptions> options, TimeProvider time, ILogger<DeliveryProbe> logger)
{
    private readonly EventLogOptions options = options.Value;
    private readonly string name = $"probe:{Guid.NewGuid():n}";
    private readonly List<ChannelMessageQueue> queues = [];
    private readonly Abandoned abandoned = new();
    private readonly HashSet<string> awaited = [];
    private readonly Outage outage = new(time);
    private bool hasArrived;
    private TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string problem = "Redis was not reached yet.";

    /// <summary>What is wrong, as a sentence for an operator; empty when publications arrive.</summary>
    public string Problem => redis.IsConnected ? problem : "Redis is not connected.";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (long round = 0; ; round++)
        {
            await redis.WaitConnectedAsync(cancellationToken);
            try
            {
                if (queues.Count == 0)
                    await SubscribeAsync(cancellationToken);
                await ProbeAsync(round, cancellationToken);
                (problem, hasArrived) = ("", true);
                if (outage.End() is { } lasted)
                    LogDelivered(lasted);
            }
            catch (Exception e) when (RedisErrors.IsUnavailable(e))
            {
                problem = "A test publication did not arrive.";
                // The connection for publications comes after the other.
                if (outage.Begin(isExpected: !hasArrived))
                    LogNotDelivered(options.ProbeTimeout, RedisErrors.CauseOf(e));
                await HealAsync();
            }

            await Task.Delay(problem.Length == 0 ? options.ProbeInterval : options.RetryDelay, time, cancellationToken);
        }
    }

    private async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        var subscriber = await redis.SubscriberAsync(cancellationToken);
        for (var i = 0; i < (redis.IsCluster() ? 16 : 1); i++)
        {
            var queue = await subscriber.SubscribeAsync(redis.Channel($"{name}:{i}"));
            queue.OnMessage(OnMessage);
            queues.Add(queue);
        }
    }

    private async Task ProbeAsync(long round, CancellationToken cancellationToken)
    {
        var subscriber = await redis.SubscriberAsync(cancellationToken);
        var tokens = Enumerable.Range(0, queues.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{round}.{i}")).ToArray();
        Task all;
        lock (awaited)
        {
            awaited.Clear();
            awaited.UnionWith(tokens);
            arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            all = arrived.Task;
        }

        await Task.WhenAll(tokens.Select((token, i) => subscriber.PublishAsync(queues[i].Channel, token)));
        await all.WaitAsync(options.ProbeTimeout, time, cancellationToken);
    }

    private void OnMessage(ChannelMessage message)
    {
        lock (awaited)
        {
            if (awaited.Remove((string)message.Message!) && awaited.Count == 0)
                arrived.TrySetResult();
        }
    }

    private async Task HealAsync()
    {
        foreach (var feed in feeds.Snapshot())
            feed.RequestResubscribe();
        foreach (var queue in queues)
            abandoned.Add(() => queue.UnsubscribeAsync());
        queues.Clear();
        foreach (var e in await abandoned.EndAsync())
            LogNotUnsubscribed(e);
    }

    [LoggerMessage(1, LogLevel.Warning, "A test publication did not arrive within {Timeout} ({Cause}); subscribing to every channel again until one does")]
    private partial void LogNotDelivered(TimeSpan timeout, string cause);

    [LoggerMessage(3, LogLevel.Information, "Test publications arrive again, after {Lasted}")]
    private partial void LogDelivered(TimeSpan lasted);

    [LoggerMessage(2, LogLevel.Debug, "Could not unsubscribe from the channels of the test publications")]
    private partial void LogNotUnsubscribed(Exception e);
}
