using Google.Rpc;
using Grpc.Core;

namespace Microservices.Streaming.Calls;

/// <summary>
/// How many calls one backend may have in flight, learned from its latency. The update is that of Gradient2 in Netflix/concurrency-limits: the
/// limit shrinks with the ratio of the usual latency to the present one, and grows a little while it is used; when more than a tenth of the
/// calls are dropped, it shrinks as in AIMD there. Unlike in Gradient2, the usual latency is learned while there is room, and under load only
/// over twenty minutes: otherwise a lasting overload would become the usual. A call beyond the limit is refused at once, so that admitted calls
/// are answered about as fast as ever. While less than half of it is in use, a limit that was shrunk by dropped calls returns, by 10 a second,
/// whether there are calls or not, to what latency has taught it. That stays until latency teaches otherwise: a pause between two overloads
/// changes nothing. Thread-safe; its state is a few numbers.
/// </summary>
/// <remarks>
/// A caller with short timeouts cannot shrink the limit for the others: a call that was given less time than calls usually take says nothing
/// about the backend, and of those that were given enough more than a few in a hundred must fail.
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

    // Milliseconds. Below it, a latency that varies several times over says more about batches and the machine than about a queue.
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

    /// <summary>The present limit.</summary>
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

    /// <summary>Admits a call; false when it goes beyond the limit. An admitted call is ended by exactly one of the other methods.</summary>
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

    /// <summary>A call was answered, possibly with an error.</summary>
    public void Answered(TimeSpan latency) => Leave(latency.TotalMilliseconds, dropped: false);

    /// <summary>
    /// A call was not answered in the time that it was given. It counts only if that was more than calls usually take, and more than 20 ms.
    /// </summary>
    public void TimedOut(TimeSpan given)
    {
        lock (_gate)
            Leave(null, dropped: given.TotalMilliseconds > Tolerance * Math.Max(_usual ?? 0, LeastUsual));
    }

    /// <summary>The backend refused a call because it has too much to do.</summary>
    public void Refused() => Leave(null, dropped: true);

    /// <summary>A call ended in a way that says nothing about the backend's load.</summary>
    public void Ignored() => Leave(null, dropped: false);

    /// <summary>A call ended with an error of the backend or of the connection to it; the error tells what that says about the load.</summary>
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
            // The answer is too large, or the caller's own quota is used up; or it is unknown how far the call got.
            case StatusCode.ResourceExhausted or StatusCode.Cancelled or StatusCode.Unavailable:
                Ignored();
                break;
            default:
                Answered(latency);
                break;
        }
    }

    // A service says why it refuses, or when to try again; gRPC itself says neither when a message is too large. A client's own refusal says that it is one.
    private static bool IsOverload(Google.Rpc.Status? status) => status is not null && status.GetDetail<QuotaFailure>() is null
        && (status.GetDetail<ErrorInfo>() is { } info ? info.Reason != CallErrors.ShedReason : status.GetDetail<RetryInfo>() is not null);

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

    // Nothing has entered or left since the last time, so the number in flight has not changed meanwhile.
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
