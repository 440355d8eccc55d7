using Google.Rpc;
using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <summary>
/// How many calls one backend may have in flight, learned from how long it takes. The update is that of Gradient2 in
/// Netflix/concurrency-limits: the limit shrinks with the ratio of the usual latency to the present one, and grows by a little while it is
/// made use of; when more than a tenth of the calls are dropped it shrinks as in AIMD there. Unlike Gradient2 the usual latency is learned
/// while there is room, and under load only over twenty minutes: else a lasting overload would become the usual. A call beyond the limit is
/// refused at once, so that what is admitted is answered about as fast as ever. While less than half of it is in use, a limit that dropped calls
/// have shrunk comes back by itself to where latency has it: by 10 a second, whether there are calls or none. What latency has taught it stays
/// until latency teaches otherwise: a pause between two overloads changes nothing. Thread-safe; its state is a few numbers.
/// </summary>
/// <remarks>
/// No caller can shrink it for the others by being impatient: a call that was given less time than one usually takes says nothing of the
/// backend, and of those that were given enough it takes more than a few in a hundred.
/// </remarks>
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
    private const double DroppedShare = 0.1;
    private const double RecoveryPerSecond = 10;

    // Milliseconds. Below it, a latency that varies several times over says more of batches and the machine than of a queue.
    private const double LeastUsual = 20;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);
    private readonly Lock _gate = new();
    private double _limit = Math.Clamp(Initial, min, max);

    // What the limit would be without dropped calls.
    private double _byLatency = Math.Clamp(Initial, min, max);
    private double? _usual;
    private int _inFlight;
    private long _started = time.GetTimestamp();
    private long _recovered = time.GetTimestamp();
    private double _sum;
    private int _answered;
    private int _dropped;
    private int _mostInFlight;

    /// <summary>The limit as it is now.</summary>
    public int Current
    {
        get
        {
            lock (_gate)
            {
                Recover();
                return (int)_limit;
            }
        }
    }

    /// <summary>How many calls have entered and not left.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Lets a call begin; false when it goes beyond the limit. Whoever entered leaves by one of the others, once.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            Recover();
            if (_inFlight >= (int)_limit)
                return false;
            _inFlight++;
            _mostInFlight = Math.Max(_mostInFlight, _inFlight);
            return true;
        }
    }

    /// <summary>A call was answered, be it with an error.</summary>
    public void Answered(TimeSpan latency) => Leave(latency.TotalMilliseconds, dropped: false);

    /// <summary>
    /// A call was not answered in the time that it was given. It counts only if that was more than a call usually takes, and than 20 ms.
    /// </summary>
    public void TimedOut(TimeSpan given)
    {
        lock (_gate)
            Leave(null, dropped: given.TotalMilliseconds > Tolerance * Math.Max(_usual ?? 0, LeastUsual));
    }

    /// <summary>The backend refused a call because it has too much to do.</summary>
    public void Refused() => Leave(null, dropped: true);

    /// <summary>A call ended in a way that says nothing of the backend's load.</summary>
    public void Ignored() => Leave(null, dropped: false);

    /// <summary>A call ended with an error of the backend, or of the way to it: what that says of its load follows from the error.</summary>
    /// <param name="code">The code.</param>
    /// <param name="status">The error's details, if it has any.</param>
    /// <param name="latency">How long the call took.</param>
    /// <param name="given">How long it was allowed to take.</param>
    public void Failed(StatusCode code, Google.Rpc.Status? status, TimeSpan latency, TimeSpan given)
    {
        switch (code)
        {
            case StatusCode.DeadlineExceeded:
                TimedOut(given);
                break;
            case StatusCode.ResourceExhausted when IsOverload(status):
                Refused();
                break;
            // An answer that is larger than one may be, or the caller's own quota; or nobody knows how far it got.
            case StatusCode.ResourceExhausted or StatusCode.Cancelled or StatusCode.Unavailable:
                Ignored();
                break;
            default:
                Answered(latency);
                break;
        }
    }

    // A service says why it refuses, or when to try again; gRPC itself, of a message that is too large, says neither.
    private static bool IsOverload(Google.Rpc.Status? status) => status is not null && status.GetDetail<QuotaFailure>() is null
        && (status.GetDetail<RetryInfo>() is not null || status.GetDetail<ErrorInfo>() is not null);

    private void Leave(double? milliseconds, bool dropped)
    {
        lock (_gate)
        {
            Recover();
            _inFlight--;
            if (milliseconds is null && !dropped)
                return;
            _sum += milliseconds ?? 0;
            _answered += dropped ? 0 : 1;
            _dropped += dropped ? 1 : 0;
            var (now, count) = (time.GetTimestamp(), _answered + _dropped);
            if (count < MinSamples || time.GetElapsedTime(_started, now) < Window)
                return;
            if (_dropped > count * DroppedShare)
                _limit = Math.Max(_limit * Backoff, min);
            else
                Adjust(Math.Max(_sum / _answered, 0.001));
            (_started, _recovered, _sum, _answered, _dropped, _mostInFlight) = (now, now, 0, 0, 0, _inFlight);
        }
    }

    private void Adjust(double latency)
    {
        var hasRoom = _mostInFlight < _limit / 2;
        var usual = _usual ?? latency;
        usual += (latency - usual) * (latency < usual ? Falling : hasRoom ? Rising : RisingUnderLoad);
        _usual = usual;
        if (hasRoom)
            return;
        var gradient = Math.Clamp(Tolerance * Math.Max(usual, LeastUsual) / latency, 0.5, 1);
        _limit = Math.Clamp((_limit * (1 - Smoothing)) + (((_limit * gradient) + Headroom) * Smoothing), min, max);
        _byLatency = _limit;
    }

    // Nothing has entered or left since the last time: as many were in flight all the while as are now.
    private void Recover()
    {
        if (_limit >= _byLatency)
            return;
        var now = time.GetTimestamp();
        if (_inFlight < _limit / 2)
            _limit = Math.Min(_byLatency, _limit + (RecoveryPerSecond * time.GetElapsedTime(_recovered, now).TotalSeconds));
        _recovered = now;
    }
}
