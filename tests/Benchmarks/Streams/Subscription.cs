namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>One subscriber of one topic. Its events come one at a time, and on one connection after the other.</summary>
internal sealed class Subscription(Arrivals arrivals)
{
    // Beyond this nobody asks how long it took to catch up.
    private const int Remembered = 100_000;
    private readonly Lock gate = new();
    private readonly List<(long Sequence, long Due, long At)> events = [];
    private long newest;

    /// <summary>An event has come.</summary>
    public void Add(long sequence, long due, long now)
    {
        bool again;
        lock (gate)
        {
            again = sequence <= newest;
            newest = Math.Max(newest, sequence);
            if (events.Count < Remembered && !again)
                events.Add((sequence, due, now));
        }

        arrivals.Note(due, now, again);
    }

    /// <summary>Forgets what came, but not how far it was.</summary>
    public void Forget()
    {
        lock (gate)
            events.Clear();
    }

    /// <summary>
    /// How long after a fault everything was settled that was due from a second before it on: an event that came, when it came; one that
    /// never did, when a later one came. Counted from when both the fault and the event were there.
    /// </summary>
    public TimeSpan CaughtUpAfter(long fault, long until)
    {
        var worst = 0L;
        lock (gate)
        {
            for (var i = 0; i < events.Count; i++)
            {
                var (sequence, due, at) = events[i];
                var first = due;
                // Events are due at even distances: so the first was that did not come before this one.
                if (i > 0 && sequence > events[i - 1].Sequence + 1)
                    first = events[i - 1].Due + ((due - events[i - 1].Due) / (sequence - events[i - 1].Sequence));
                if (due >= fault - TimeSpan.TicksPerSecond && first <= until && at > fault)
                    worst = Math.Max(worst, at - Math.Max(first, fault));
            }
        }

        return TimeSpan.FromTicks(worst);
    }
}
