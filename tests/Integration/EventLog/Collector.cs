using System.Collections.Concurrent;
using Microservices.EventLog;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>A subscriber that keeps all it gets.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task reading;

    public Collector(EventSubscription subscription)
    {
        Subscription = subscription;
        reading = ReadAsync();
    }

    public EventSubscription Subscription { get; }

    public ConcurrentQueue<LogEvent> Events { get; } = [];

    public ConcurrentQueue<StreamReset> Resets { get; } = [];

    public Subscribed? Subscribed { get; private set; }

    public IEnumerable<long> Offsets => Events.Select(e => e.Offset);

    public static async Task<Collector> StartAsync(IEventLog log, string topic, Cursor? from = null, Delivery delivery = Delivery.Lossless)
    {
        var collector = new Collector(log.Subscribe([topic], from, delivery));
        await Eventually.UntilAsync(() => collector.Subscribed is not null, "subscribed");
        return collector;
    }

    public Task UntilAsync(int count, TimeSpan? timeout = null) =>
        Eventually.UntilAsync(() => Failed(Events.Count >= count), $"{count} events; there are {Events.Count}", timeout);

    public Task UntilResetAsync(ResetReason reason) =>
        Eventually.UntilAsync(() => Failed(Resets.Any(r => r.Reason == reason)), $"a reset, {reason}");

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        try
        {
            await reading;
        }
        catch (OperationCanceledException)
        {
        }

        await Subscription.DisposeAsync();
        stop.Dispose();
    }

    private bool Failed(bool otherwise)
    {
        if (reading.IsFaulted)
            reading.GetAwaiter().GetResult();
        return otherwise;
    }

    private async Task ReadAsync()
    {
        await foreach (var item in Subscription.WithCancellation(stop.Token))
        {
            switch (item)
            {
                case Subscribed subscribed:
                    Subscribed = subscribed;
                    break;
                case EventBatch batch:
                    foreach (var e in batch.Events)
                        Events.Enqueue(e);
                    break;
                case StreamReset reset:
                    Resets.Enqueue(reset);
                    break;
            }
        }
    }
}
