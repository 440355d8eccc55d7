namespace Microservices.Hosting.Admission;

/// <summary>
/// Who holds something of a <see cref="FairQuota"/>: a caller, or one of its connections. Ordered by how much, and of equals the one that began
/// later first: the last of several is the one that loses something. Guarded by the quota's lock.
/// </summary>
/// <param name="number">Its place among all that began to hold something.</param>
internal abstract class QuotaHolder(long number) : IComparable<QuotaHolder>
{
    private readonly long number = number;

    /// <summary>How much it holds.</summary>
    public long Held { get; private set; }

    public int CompareTo(QuotaHolder? other) => (Held, -number).CompareTo((other!.Held, -other.number));

    /// <summary>Changes what one of several holds. Who holds nothing is none of them.</summary>
    public static void Add<T>(SortedSet<T> holders, T holder, long amount)
        where T : QuotaHolder
    {
        // While it is among them, its place depends on what it holds.
        holders.Remove(holder);
        holder.Held += amount;
        if (holder.Held > 0)
            holders.Add(holder);
    }
}

/// <summary>A caller that holds something.</summary>
internal sealed class QuotaCaller(object key, long number) : QuotaHolder(number)
{
    /// <summary>Who it is.</summary>
    public object Key => key;

    /// <summary>Those of its connections that hold something.</summary>
    public SortedSet<QuotaConnection> Connections { get; } = [];
}

/// <summary>A connection of a caller that holds something.</summary>
internal sealed class QuotaConnection(QuotaCaller caller, string id, long number) : QuotaHolder(number)
{
    /// <summary>Whose it is.</summary>
    public QuotaCaller Caller => caller;

    /// <summary>Which it is.</summary>
    public string Id => id;

    /// <summary>What it holds, the oldest first.</summary>
    public LinkedList<QuotaHold> Holds { get; } = [];
}
