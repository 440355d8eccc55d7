namespace Microservices.Streaming.Calls;

/// <summary>
/// How many calls one backend may have in flight, learned from how long it takes. The update is that of Gradient2 in
/// Netflix/concurrency-limits: the limit shrinks with the ratio of the usual latency to the present one, and grows by a little while it is
/// made use of; calls that are dropped shrink it as in AIMD there. Unlike Gradient2 the usual latency is learned while there is room, and
/// under load only over twenty minutes: else a lasting overload would become the usual. A call beyond the limit is refused at once, so that what
/// is admitted is answered about as fast as ever. Thread-safe; its state is a few numbers.
/// </summary>
/// <param name="min">It never goes below this.</param>
/// <param name="max">It never goes above this.</param>
/// <param name="time">The clock.</param>
public sealed class ConcurrencyLimit(int min, int max, TimeProvider time)
{
    private const int Initial = 256;
    private const int MinSamples = 10;
    private const double Falling = 0.1;
    private const double Rising = 2.0 / 60;
    private const double RisingUnderLoad = 2.0 / 12_000;
    private const double Tolerance = 1.3;
    private const double Smoothing = 0.2;
    private const double Backoff = 0.9;
    private const double Headroom = 4;

    // Milliseconds. Below it, a latency that varies several times over says more of batches and the machine than of a queue.
    private const double LeastUsual = 20;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);
    private readonly Lock _gate = new();
    private double _limit = Math.Clamp(Initial, min, max);
    private double? _usual;
    private int _inFlight;
    private long _started = time.GetTimestamp();
    private double _sum;
    private int _count;
    private int _mostInFlight;
    private bool _dropped;

    /// <summary>The limit as it is now.</summary>
    public int Current => (int)Volatile.Read(ref _limit);

    /// <summary>How many calls have entered and not left.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Lets a call begin; false when it goes beyond the limit. Whoever entered leaves by one of the others, once.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_inFlight >= (int)_limit)
                return false;
            _inFlight++;
            _mostInFlight = Math.Max(_mostInFlight, _inFlight);
            return true;
        }
    }

    /// <summary>A call was answered, be it with an error.</summary>
    public void Answered(TimeSpan latency) => Leave(latency.TotalMilliseconds, dropped: false);

    /// <summary>A call was not answered in time, or the backend refused it because it has too much to do.</summary>
    public void Dropped() => Leave(null, dropped: true);

    /// <summary>A call ended in a way that says nothing of the backend's load.</summary>
    public void Ignored() => Leave(null, dropped: false);

    private void Leave(double? milliseconds, bool dropped)
    {
        lock (_gate)
        {
            _inFlight--;
            if (milliseconds is null && !dropped)
                return;
            _sum += milliseconds ?? 0;
            _count++;
            _dropped |= dropped;
            var now = time.GetTimestamp();
            if (_count < MinSamples || time.GetElapsedTime(_started, now) < Window)
                return;
            Volatile.Write(ref _limit, Math.Clamp(_dropped ? _limit * Backoff : Adjusted(Math.Max(_sum / _count, 0.001)), min, max));
            (_started, _sum, _count, _mostInFlight, _dropped) = (now, 0, 0, _inFlight, false);
        }
    }

    private double Adjusted(double latency)
    {
        var hasRoom = _mostInFlight < _limit / 2;
        var usual = _usual ?? latency;
        usual += (latency - usual) * (latency < usual ? Falling : hasRoom ? Rising : RisingUnderLoad);
        _usual = usual;
        if (hasRoom)
            return _limit;
        var gradient = Math.Clamp(Tolerance * Math.Max(usual, LeastUsual) / latency, 0.5, 1);
        return (_limit * (1 - Smoothing)) + (((_limit * gradient) + Headroom) * Smoothing);
    }
}
