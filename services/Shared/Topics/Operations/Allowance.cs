namespace Microservices.Topics.Operations;

/// <summary>So many events a second, and about so many bytes of them, a second's worth of them at once: an event that begins within the bytes is allowed whole. Not thread-safe.</summary>
internal sealed class Allowance(int events, int bytes, TimeProvider time)
{
    private long refilledAt = time.GetTimestamp();
    private double eventsLeft = events;
    private double bytesLeft = bytes;

    /// <summary>How long until another event is allowed; zero when one is now.</summary>
    public TimeSpan Wait
    {
        get
        {
            Refill();
            var seconds = Math.Max((1 - eventsLeft) / events, (1 - bytesLeft) / bytes);
            return seconds <= 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)Math.Ceiling(seconds * TimeSpan.TicksPerSecond));
        }
    }

    /// <summary>Takes an event, if one is allowed now.</summary>
    public bool TryTake(int size)
    {
        Refill();
        if (eventsLeft < 1 || bytesLeft < 1)
            return false;
        eventsLeft--;
        bytesLeft -= size;
        return true;
    }

    private void Refill()
    {
        var now = time.GetTimestamp();
        var seconds = time.GetElapsedTime(refilledAt, now).TotalSeconds;
        refilledAt = now;
        eventsLeft = Math.Min(events, eventsLeft + (seconds * events));
        bytesLeft = Math.Min(bytes, bytesLeft + (seconds * bytes));
    }
}
