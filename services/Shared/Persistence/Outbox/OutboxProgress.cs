namespace Microservices.Persistence;

/// <summary>
/// Watches, in every replica, whether waiting events make progress: by this process's own monotonic time, from when it first saw an event
/// wait, whatever the event's own time says and whoever has the lease. Thread-safe.
/// </summary>
internal sealed class OutboxProgress(TimeProvider time)
{
    private readonly Lock gate = new();
    private (string Topic, string Epoch, long After) seen;
    private long seenAt;
    private string cause = "";

    /// <summary>For how long the same event has been seen to wait, and why; zero while events make progress.</summary>
    public (TimeSpan Waited, string Cause) Stall
    {
        get
        {
            lock (gate)
                return cause.Length == 0 ? (TimeSpan.Zero, "") : (time.GetElapsedTime(seenAt), cause);
        }
    }

    /// <summary>How long an event may wait before that is reported: several leases, in which every replica has had its turn.</summary>
    public static TimeSpan StallThreshold(OutboxOptions options)
    {
        var leases = 10 * options.LeaseDuration;
        return leases > TimeSpan.FromSeconds(5) ? leases : TimeSpan.FromSeconds(5);
    }

    /// <summary>The first event of the topic after its mark waits, for the cause given.</summary>
    public void Stalled(OutboxTopic topic, string cause)
    {
        lock (gate)
        {
            var now = (topic.Topic, topic.Epoch, topic.RelayedOffset);
            if (this.cause.Length == 0 || seen != now)
                (seen, seenAt) = (now, time.GetTimestamp());
            this.cause = cause;
        }
    }

    /// <summary>Nothing waits, or what did was brought to the log.</summary>
    public void Progressed()
    {
        lock (gate)
            cause = "";
    }
}
