using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

/// <summary>One topic and its readers, to which one thing happens after the other. What awaits it goes on at once, on the one thread there is.</summary>
internal sealed class Interleaving : IDisposable
{
    private readonly SynchronizationContext? before = SynchronizationContext.Current;
    private readonly Loop loop = new();

    public Interleaving(bool isDurable)
    {
        SynchronizationContext.SetSynchronizationContext(loop);
        Topic = new(isDurable);
    }

    public ModelTopic Topic { get; }

    public List<ModelReader> Readers { get; } = [];

    public void Do(Action step)
    {
        step();
        loop.Run();
    }

    /// <inheritdoc cref="ModelReader(ModelTopic, Position?, bool)"/>
    public ModelReader Follow(Position? start, bool conflates = false)
    {
        var reader = new ModelReader(Topic, start, conflates);
        Readers.Add(reader);
        return reader;
    }

    /// <summary>Lets all that is under way end, and what is missing be noticed; then every reader has to have what there is.</summary>
    public void Settle()
    {
        while (Topic.Redis.HasToRelay)
            Topic.Append(0);
        // A Redis that was emptied has started anew, and lost its connections.
        if (Topic.Redis is { IsDurable: true, Flushes: > 0 })
            Topic.Reconnect();
        for (var (quiet, round) = (0, 0); quiet < 6; round++)
        {
            Assert.True(round < 10_000, "It does not settle.");
            if (Topic.Deliver() || Topic.CatchUp() || Topic.Read(0) || Readers.Any(reader => reader.Step(2)))
            {
                quiet = 0;
            }
            else
            {
                // A sweep takes two steps.
                quiet = Topic.Sweep() ? 0 : quiet + 1;
                Topic.Wait();
            }

            loop.Run();
        }

        Readers.ForEach(reader => reader.CheckEnd());
    }

    public void Dispose()
    {
        Topic.Dispose();
        SynchronizationContext.SetSynchronizationContext(before);
    }

    private sealed class Loop : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> due = [];

        public override void Post(SendOrPostCallback d, object? state) => due.Enqueue((d, state));

        public void Run()
        {
            while (due.TryDequeue(out var next))
                next.Callback(next.State);
        }
    }
}
