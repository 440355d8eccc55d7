using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>A subscriber to the orders of one user, or of all: remembers what came, and when.</summary>
public sealed class OrderWatcher
{
    private readonly Lock gate = new();
    private readonly List<string> events = [];
    private readonly List<(long EventTicks, long ReceivedTicks)> times = [];

    private OrderWatcher(string userId) => UserId = userId;

    /// <summary>Whose orders; empty for all.</summary>
    public string UserId { get; }

    /// <summary>Ends with the subscription.</summary>
    public Task Reading { get; private set; } = Task.CompletedTask;

    /// <summary>How often it was told that events may be missing.</summary>
    public int Resets { get; private set; }

    /// <summary>How often a stream was opened.</summary>
    public int Streams { get; private set; }

    /// <summary>Order id and version of each event, in the order they came.</summary>
    public IReadOnlyList<string> Events
    {
        get
        {
            lock (gate)
                return [.. events];
        }
    }

    /// <summary>How many came.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return events.Count;
        }
    }

    /// <summary>Begins to follow.</summary>
    public static OrderWatcher Start(EventStreamClient<OrderEvent> client, Subscription wanted, CancellationToken until)
    {
        var watcher = new OrderWatcher(wanted.Key);
        watcher.Reading = watcher.ReadAsync(client, wanted, until);
        return watcher;
    }

    /// <summary>
    /// How long after a fault the events came that happened around it: the latest of those from a second before to some time after,
    /// counted from when both the fault and the event were there.
    /// </summary>
    public TimeSpan CaughtUpAfter(DateTime fault, TimeSpan window)
    {
        var worst = 0L;
        lock (gate)
        {
            foreach (var (happened, received) in times)
            {
                if (happened >= fault.Ticks - TimeSpan.TicksPerSecond && happened <= (fault + window).Ticks && received > fault.Ticks)
                    worst = Math.Max(worst, received - Math.Max(happened, fault.Ticks));
            }
        }

        return TimeSpan.FromTicks(worst);
    }

    /// <summary>How long each event took that happened in a window.</summary>
    public IReadOnlyList<TimeSpan> Latencies(DateTime from, DateTime to)
    {
        lock (gate)
            return [.. times.Where(t => t.EventTicks >= from.Ticks && t.EventTicks < to.Ticks).Select(t => TimeSpan.FromTicks(t.ReceivedTicks - t.EventTicks))];
    }

    private async Task ReadAsync(EventStreamClient<OrderEvent> client, Subscription wanted, CancellationToken until)
    {
        try
        {
            await foreach (var item in client.SubscribeAsync(wanted, until))
            {
                lock (gate)
                {
                    switch (item)
                    {
                        case ReceivedSubscribed<OrderEvent>:
                            Streams++;
                            break;
                        case ReceivedReset<OrderEvent>:
                            Resets++;
                            break;
                        case ReceivedEvents<OrderEvent> batch:
                            var now = DateTime.UtcNow.Ticks;
                            foreach (var e in batch.Events)
                            {
                                events.Add($"{e.Order.OrderId}.{e.Order.Version}");
                                times.Add((e.Time.ToDateTime().Ticks, now));
                            }

                            break;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
            // The test is over.
        }
    }
}
