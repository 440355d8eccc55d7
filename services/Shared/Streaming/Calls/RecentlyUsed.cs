namespace Microservices.Streaming.Calls;

/// <summary>
/// Values by their keys, of which those that were used last are kept: so many, and of so much weight together. Both ends of a call stream keep its bound
/// principals so; since both see the same frames in the same order, the caller knows what the callee has forgotten. Not thread-safe.
/// </summary>
/// <param name="maxCount">How many are kept.</param>
/// <param name="maxWeight">How much they may weigh together.</param>
internal sealed class RecentlyUsed<TKey, TValue>(int maxCount, long maxWeight)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _order = [];

    /// <summary>How many there are.</summary>
    internal int Count => _entries.Count;

    /// <summary>What they weigh together.</summary>
    internal long Weight { get; private set; }

    /// <summary>Finds a value, and so uses it.</summary>
    internal bool TryUse(TKey key, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TValue value)
    {
        if (!_entries.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        if (node.Next is not null)
        {
            _order.Remove(node);
            _order.AddLast(node);
        }

        value = node.Value.Value;
        return true;
    }

    /// <summary>Keeps a value, in place of the one before. Nothing is forgotten for it until <see cref="Trim"/>.</summary>
    internal void Set(TKey key, TValue value, int weight)
    {
        Remove(key);
        _entries.Add(key, _order.AddLast(new Entry(key, value, weight)));
        Weight += weight;
    }

    /// <summary>Forgets a value, if there is one.</summary>
    internal void Remove(TKey key)
    {
        if (!_entries.Remove(key, out var node))
            return;
        _order.Remove(node);
        Weight -= node.Value.Weight;
    }

    /// <summary>Forgets what is too much: what was not used for the longest time.</summary>
    internal void Trim()
    {
        while (_entries.Count > maxCount || Weight > maxWeight)
            Remove(_order.First!.Value.Key);
    }

    private readonly record struct Entry(TKey Key, TValue Value, int Weight);
}
