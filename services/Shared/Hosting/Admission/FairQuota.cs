using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Admission;

/// <summary>
/// A bounded quantity that callers hold parts of, such as bytes of unread answers. A quarter of it is each caller's share. A caller may take more
/// while there is room. When there is none, the caller that holds the most loses its oldest hold, provided that it holds more than its share and
/// more than the one who asks would hold; among the connections of one caller the same holds, without a share. Otherwise the one who asks is
/// refused. However many hold something, that takes a time logarithmic in their number. Thread-safe.
/// </summary>
/// <param name="what">What is held, for the log.</param>
/// <param name="limit">How much may be held by all callers together.</param>
/// <param name="logger">Where it is told that a caller lost a hold.</param>
public sealed partial class FairQuota(string what, long limit, ILogger logger)
{
    private readonly Lock gate = new();
    private readonly Dictionary<object, QuotaCaller> callers = [];
    private readonly Dictionary<(object Caller, string Id), QuotaConnection> connections = [];
    private readonly SortedSet<QuotaCaller> ranking = [];
    private long began;
    private long taken;
    private long cutOff;
    private long refused;

    /// <summary>How much is held now.</summary>
    public long Taken => Volatile.Read(ref taken);

    /// <summary>How many holds were cut off so far to make room for others.</summary>
    public long CutOff => Volatile.Read(ref cutOff);

    /// <summary>How often there was no room.</summary>
    public long Refused => Volatile.Read(ref refused);

    /// <summary>What no caller loses to another.</summary>
    public long Share => limit / 4;

    /// <summary>Begins to hold. Nothing is held until it is taken.</summary>
    /// <param name="caller">Who holds: compared by equality.</param>
    /// <param name="connection">The caller's connection.</param>
    /// <param name="cut">Ends what is held for. Called under a lock, at most once, and never after the hold is disposed of.</param>
    /// <param name="max">How much this hold may take.</param>
    public QuotaHold Begin(object caller, string connection, Action cut, long max = long.MaxValue) => new(this, caller, connection, cut, max);

    internal bool TryTake(QuotaHold hold, long amount)
    {
        lock (gate)
        {
            if (hold.IsOver || hold.Held + amount > hold.Max)
                return false;
            if (!MakeRoomUnsynchronized(hold, amount))
            {
                refused++;
                return false;
            }

            AddUnsynchronized(hold, amount);
            return true;
        }
    }

    internal void GiveBack(QuotaHold hold, long amount)
    {
        lock (gate)
            GiveBackUnsynchronized(hold, amount);
    }

    internal void End(QuotaHold hold)
    {
        lock (gate)
            EndUnsynchronized(hold);
    }

    private bool MakeRoomUnsynchronized(QuotaHold asking, long amount)
    {
        if (amount > limit)
            return false;
        while (taken + amount > limit)
        {
            if (VictimUnsynchronized(asking, amount) is not { } victim)
                return false;
            LogCutOff(victim.Caller, callers[victim.Caller].Held, what, limit);
            EndUnsynchronized(victim);
            victim.Cut();
            cutOff++;
        }

        return true;
    }

    private QuotaHold? VictimUnsynchronized(QuotaHold asking, long amount)
    {
        var caller = ranking.Max!;
        var connection = caller.Connections.Max!;
        var yields = caller.Key.Equals(asking.Caller)
            ? connection.Id != asking.Connection && connection.Held > amount + (connections.GetValueOrDefault((asking.Caller, asking.Connection))?.Held ?? 0)
            : caller.Held > Math.Max(Share, amount + (callers.GetValueOrDefault(asking.Caller)?.Held ?? 0));
        return yields ? connection.Holds.First!.Value : null;
    }

    private void EndUnsynchronized(QuotaHold hold)
    {
        GiveBackUnsynchronized(hold, hold.Held);
        hold.IsOver = true;
    }

    // What was cut off has nothing left to give back.
    private void GiveBackUnsynchronized(QuotaHold hold, long amount)
    {
        if (hold.Held > 0)
            AddUnsynchronized(hold, -Math.Min(amount, hold.Held));
    }

    private void AddUnsynchronized(QuotaHold hold, long amount)
    {
        var connection = ConnectionUnsynchronized(hold);
        if (hold.Held == 0)
            connection.Holds.AddLast(hold.Node);
        hold.Held += amount;
        if (hold.Held == 0)
            connection.Holds.Remove(hold.Node);

        taken += amount;
        QuotaHolder.Add(connection.Caller.Connections, connection, amount);
        QuotaHolder.Add(ranking, connection.Caller, amount);
        if (connection.Held == 0)
            connections.Remove((hold.Caller, hold.Connection));
        if (connection.Caller.Held == 0)
            callers.Remove(hold.Caller);
    }

    private QuotaConnection ConnectionUnsynchronized(QuotaHold hold)
    {
        if (connections.TryGetValue((hold.Caller, hold.Connection), out var connection))
            return connection;
        if (!callers.TryGetValue(hold.Caller, out var caller))
            callers.Add(hold.Caller, caller = new(hold.Caller, ++began));
        connection = new(caller, hold.Connection, ++began);
        connections.Add((hold.Caller, hold.Connection), connection);
        return connection;
    }

    [LoggerMessage(LogLevel.Warning, "{Caller} holds {Held} of {Limit} {What}, more than its share, and loses its oldest, since another caller needs the room")]
    private partial void LogCutOff(object caller, long held, string what, long limit);
}

/// <summary>What one answer, stream or connection holds of a <see cref="FairQuota"/>. Thread-safe; disposing of it gives everything back.</summary>
public sealed class QuotaHold : IDisposable
{
    private readonly FairQuota quota;

    internal QuotaHold(FairQuota quota, object caller, string connection, Action cut, long max)
    {
        (this.quota, Caller, Connection, Cut, Max) = (quota, caller, connection, cut, max);
        Node = new(this);
    }

    internal object Caller { get; }

    internal string Connection { get; }

    internal Action Cut { get; }

    internal long Max { get; }

    /// <summary>How much it has taken. Guarded by the quota's lock, as are those below.</summary>
    internal long Held { get; set; }

    /// <summary>Its place among the holds of its connection, while it holds something.</summary>
    internal LinkedListNode<QuotaHold> Node { get; }

    /// <summary>Whether it was cut off or disposed of: it takes nothing any more.</summary>
    internal bool IsOver { get; set; }

    /// <summary>Takes more; false, and nothing is taken, when there is no room, when it would be more than this hold may take, or when it was cut off.</summary>
    public bool TryTake(long amount) => quota.TryTake(this, amount);

    /// <summary>Gives back so much.</summary>
    public void GiveBack(long amount) => quota.GiveBack(this, amount);

    /// <inheritdoc/>
    public void Dispose() => quota.End(this);
}
