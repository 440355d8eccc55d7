using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// One timer for all streams of a method, whatever they wait for; it stands still while there is no stream. Each tick calls at most 1,000
/// streams, in turn, so that it costs the same however many there are: with more of them, their timeouts are less exact.
/// </summary>
internal sealed class StreamClock : IDisposable
{
    /// <summary>How exact the timeouts of streams are; with 10,000 streams, ten times that.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private const int MostAtOnce = 1_000;
    private readonly LinkedList<ITimedStream> _streams = [];
    private readonly Lock _lock = new();
    private readonly ITimedStream[] _due = new ITimedStream[MostAtOnce];
    private readonly ITimer _timer;
    private LinkedListNode<ITimedStream>? _next;
    private int _ticking;

    internal StreamClock(TimeProvider time) =>
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>The streams that it calls.</summary>
    internal ITimedStream[] Streams
    {
        get
        {
            lock (_lock)
                return [.. _streams];
        }
    }

    /// <summary>Calls the stream from now on. It may be called once more after it was removed.</summary>
    internal LinkedListNode<ITimedStream> Add(ITimedStream stream)
    {
        lock (_lock)
        {
            if (_streams.Count == 0)
                _timer.Change(Interval, Interval);
            return _streams.AddLast(stream);
        }
    }

    internal void Remove(LinkedListNode<ITimedStream> stream)
    {
        lock (_lock)
        {
            if (_next == stream)
                _next = stream.Next;
            _streams.Remove(stream);
            if (_streams.Count == 0)
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        // A timer does not wait for the end of its last callback.
        if (Interlocked.Exchange(ref _ticking, 1) == 1)
            return;
        var count = TakeDue();
        foreach (ref var stream in _due.AsSpan(0, count))
        {
            stream.Tick();
            stream = null!;
        }

        Volatile.Write(ref _ticking, 0);
    }

    private int TakeDue()
    {
        lock (_lock)
        {
            var count = Math.Min(_streams.Count, MostAtOnce);
            for (var i = 0; i < count; i++)
            {
                _next ??= _streams.First!;
                _due[i] = _next.Value;
                _next = _next.Next;
            }

            return count;
        }
    }
}

/// <summary>A stream that a <see cref="StreamClock"/> watches over.</summary>
internal interface ITimedStream : IStreamHandle
{
    /// <summary>Looks whether something has taken too long. It must be quick and not throw.</summary>
    void Tick();
}
