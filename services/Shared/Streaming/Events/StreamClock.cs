using System.Collections.Concurrent;

namespace Microservices.Streaming.Events;

/// <summary>One timer for all streams of a method, whatever they wait for; it stands still while there is none.</summary>
internal sealed class StreamClock : IDisposable
{
    /// <summary>How exactly streams keep their times.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private readonly ConcurrentDictionary<Action, bool> _streams = new();
    private readonly Lock _lock = new();
    private readonly ITimer _timer;

    internal StreamClock(TimeProvider time) =>
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Calls the stream every interval; it must be quick and not throw.</summary>
    internal void Add(Action tick)
    {
        lock (_lock)
        {
            _streams.TryAdd(tick, true);
            if (_streams.Count == 1)
                _timer.Change(Interval, Interval);
        }
    }

    internal void Remove(Action tick)
    {
        lock (_lock)
        {
            if (_streams.TryRemove(tick, out _) && _streams.IsEmpty)
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        foreach (var (tick, _) in _streams)
            tick();
    }
}
