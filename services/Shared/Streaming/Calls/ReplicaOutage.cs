namespace Microservices.Streaming.Calls;

/// <summary>
/// How long no replica could be reached. Calls wait for one for a while; when an outage has become long, those that wait are failed, and from
/// then on calls fail at once. Guarded by the lock of the wheel.
/// </summary>
/// <param name="wheel">Holds the outage until it is long.</param>
/// <param name="longAfter">How long an outage lasts before it is long.</param>
/// <param name="time">The clock.</param>
/// <param name="onLong">What is called, under the lock, when an outage has become long.</param>
internal sealed class ReplicaOutage(DeadlineWheel wheel, TimeSpan longAfter, TimeProvider time, Action onLong) : DeadlineNode
{
    private long? _since;

    /// <summary>It has turned out that no replica can be reached. The outage that has begun already goes on.</summary>
    internal void Begin(long now)
    {
        if (_since is not null)
            return;
        _since = now;
        wheel.Add(this, now + ClockTicks.From(longAfter, time));
    }

    /// <summary>A replica has been reached.</summary>
    internal void End()
    {
        wheel.Remove(this);
        _since = null;
    }

    /// <summary>Whether the outage is long, so that a call that would wait fails.</summary>
    internal bool IsLong(long now) => _since is { } since && time.GetElapsedTime(since, now) >= longAfter;

    /// <inheritdoc/>
    protected override void OnDeadline() => onLong();
}
