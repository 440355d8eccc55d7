namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>Publishes by a clock (open loop): what is late stays due when it was, so that its lateness is part of what is measured.</summary>
internal abstract class Publisher : IAsyncDisposable
{
    private const int MostAtOnce = 4_096;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private long[] sequences = [];

    public static async Task<Publisher> CreateAsync(Publish wanted) => wanted.Transport switch
    {
        Transport.SignalR => new SignalRPublisher(wanted.Redis),
        Transport.BareStream => await BarePublisher.ConnectAsync(wanted.Redis),
        _ => await LogPublisher.StartAsync(wanted.Redis),
    };

    public async Task<Published> RunAsync(Publish wanted)
    {
        if (sequences.Length < wanted.Topics)
            Array.Resize(ref sequences, wanted.Topics);
        var total = (long)(wanted.Rate * wanted.Seconds);
        var interval = TimeSpan.TicksPerSecond / wanted.Rate;
        var start = DateTime.UtcNow.Ticks;
        var due = new List<(string Topic, byte[] Payload)>(MostAtOnce);
        for (long sent = 0; sent < total;)
        {
            due.Clear();
            for (var now = DateTime.UtcNow.Ticks; sent < total && due.Count < MostAtOnce && start + (long)(sent * interval) <= now; sent++)
            {
                var topic = (int)(sent % wanted.Topics);
                due.Add((Topic.Name(topic), Topic.Encode(topic, ++sequences[topic], start + (long)(sent * interval))));
            }

            if (due.Count == 0)
                await Task.Delay(Tick);
            else
                await PublishAsync(due);
        }

        return new(total, start, DateTime.UtcNow.Ticks);
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>Sends all of it, in order and without waiting for one before the next; returns when Redis has it.</summary>
    protected abstract Task PublishAsync(IReadOnlyList<(string Topic, byte[] Payload)> events);
}
