namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>
/// What was asked for, what came of it, and what was under way whenever something was interrupted: from that it says what was lost, repeated and out of order,
/// by name. Thread-safe; verdicts are for when all is quiet.
/// </summary>
public sealed class EffectLedger
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Target, string Key, long Version), long> wanted = [];
    private readonly HashSet<(string Target, string Key, long Version)> taken = [];
    private readonly Dictionary<(string Target, string Id), int> counts = [];
    private readonly List<Effect> effects = [];
    private readonly List<Interruption> interruptions = [];
    private long turn;

    /// <summary>What has arrived, in order.</summary>
    public IReadOnlyList<Effect> Effects
    {
        get
        {
            lock (gate)
                return [.. effects];
        }
    }

    /// <summary>How much was asked for.</summary>
    public int Wanted
    {
        get
        {
            lock (gate)
                return wanted.Count;
        }
    }

    /// <summary>The latest turn.</summary>
    public long Now
    {
        get
        {
            lock (gate)
                return turn;
        }
    }

    /// <summary>What was asked for and never taken.</summary>
    public IReadOnlyList<string> Lost
    {
        get
        {
            lock (gate)
                return [.. wanted.Keys.Except(taken).Select(w => $"{w.Target} {w.Key} v{w.Version}")];
        }
    }

    /// <summary>What arrived and nobody had asked for.</summary>
    public IReadOnlyList<Effect> Unasked => [.. Effects.Where(e => !wanted.ContainsKey((e.Target, e.Key, e.Version)))];

    /// <summary>What came again though it had not been refused.</summary>
    public IReadOnlyList<Effect> Repeated => [.. Effects.GroupBy(e => (e.Target, e.Id)).SelectMany(same => same.Zip(same.Skip(1)).Where(pair => pair.First.Outcome != EffectOutcome.Refused).Select(pair => pair.Second))];

    /// <summary>How many of those that were under way at the interruptions had arrived by then: that many are sent again by a sender that cannot know.</summary>
    public int InFlight
    {
        get
        {
            var arrived = Effects.Where(e => e.Outcome != EffectOutcome.Refused).GroupBy(e => (e.Target, e.Id)).ToDictionary(same => same.Key, same => same.First().Arrived);
            return interruptions.Sum(i => i.UnderWay.Count(u => arrived.TryGetValue(u, out var at) && at < i.At));
        }
    }

    /// <summary>Asks for an effect.</summary>
    public void Want(string target, string key, long version)
    {
        lock (gate)
            wanted.TryAdd((target, key, version), ++turn);
    }

    /// <summary>Whether anything was taken that was asked for after a turn.</summary>
    public bool HasTakenOneAskedAfter(long at)
    {
        lock (gate)
            return wanted.Any(w => w.Value > at && taken.Contains(w.Key));
    }

    /// <summary>An effect has arrived; for the how manieth time.</summary>
    public (Effect Effect, int Time) Begin(string target, string key, long version, string id, string watermark)
    {
        lock (gate)
        {
            var effect = new Effect(target, key, version, id, watermark, ++turn);
            effects.Add(effect);
            return (effect, counts[(target, id)] = counts.GetValueOrDefault((target, id)) + 1);
        }
    }

    /// <summary>Says what became of it. Before its sender can know.</summary>
    public void End(Effect effect, EffectOutcome outcome)
    {
        lock (gate)
        {
            (effect.Outcome, effect.Ended) = (outcome, ++turn);
            if (outcome == EffectOutcome.Taken)
                taken.Add((effect.Target, effect.Key, effect.Version));
        }
    }

    /// <summary>A sender was interrupted, and these of its effects had not been recorded as taken.</summary>
    public void Interrupt(string sender, IEnumerable<(string Target, string Id)> underWay)
    {
        lock (gate)
            interruptions.Add(new(sender, ++turn, underWay.ToHashSet()));
    }

    /// <summary>
    /// What came again without having been under way at an interruption; and what did, beyond so many of one target at one interruption.
    /// </summary>
    public IReadOnlyList<string> RepeatedWithoutCause(int atMost)
    {
        var caused = Repeated.Select(e => (Effect: e, Cause: interruptions.FindLast(i => i.At < e.Arrived && i.UnderWay.Contains((e.Target, e.Id))))).ToList();
        return
        [
            .. caused.Where(c => c.Cause is null).Select(c => c.Effect.ToString()),
            .. caused.Where(c => c.Cause is not null).GroupBy(c => (c.Effect.Target, c.Cause)).SelectMany(group => group.Skip(atMost).Select(c => $"{c.Effect}, one of {group.Count()} at {c.Cause!.Sender} {c.Cause.At}")),
        ];
    }

    /// <summary>What arrived at a target for the first time while what comes before it about the same thing was not yet taken there.</summary>
    public IReadOnlyList<Effect> OutOfOrder(string target)
    {
        var here = Effects.Where(e => e.Target == target).ToList();
        var taken = here.Where(e => e.Outcome == EffectOutcome.Taken).GroupBy(e => (e.Key, e.Version)).ToDictionary(same => same.Key, same => same.Min(e => e.Ended));
        return [.. here.DistinctBy(e => (e.Key, e.Version)).Where(e => e.Version > 1 && !(taken.TryGetValue((e.Key, e.Version - 1), out var before) && before < e.Arrived))];
    }

    /// <summary>What said of itself that all up to a place was taken, though something was not.</summary>
    /// <param name="places">The place of each effect.</param>
    /// <param name="placeOf">The place that a watermark names.</param>
    public IReadOnlyList<string> AheadOfTruth(IReadOnlyDictionary<(string Target, string Id), long> places, Func<Effect, long> placeOf)
    {
        var ahead = new List<string>();
        foreach (var here in Effects.GroupBy(e => e.Target))
        {
            var taken = here.Where(e => e.Outcome == EffectOutcome.Taken).GroupBy(e => e.Id).ToDictionary(same => same.Key, same => same.Min(e => e.Ended));
            var inOrder = places.Where(p => p.Key.Target == here.Key).OrderBy(p => p.Value).Select(p => (Place: p.Value, p.Key.Id, Taken: taken.GetValueOrDefault(p.Key.Id, long.MaxValue))).ToList();
            // Which of all up to each was taken last.
            var last = new List<(long Place, string Id, long Taken)>();
            foreach (var one in inOrder)
                last.Add(last.Count > 0 && last[^1].Taken > one.Taken ? last[^1] with { Place = one.Place } : one);
            ahead.AddRange(here.Select(e => (Effect: e, Before: last.FindLast(l => l.Place <= placeOf(e)))).Where(x => x.Before.Taken > x.Effect.Arrived).Select(x => $"{x.Effect} says so of {x.Before.Id}, taken {x.Before.Taken}"));
        }

        return ahead;
    }

    /// <param name="Sender">Who.</param>
    /// <param name="At">When.</param>
    /// <param name="UnderWay">What.</param>
    private sealed record Interruption(string Sender, long At, IReadOnlySet<(string Target, string Id)> UnderWay);
}
