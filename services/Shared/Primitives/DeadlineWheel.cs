using System.Diagnostics;
using System.Numerics;

namespace Microservices.Primitives;

/// <summary>Something that falls due once: at most one <see cref="DeadlineWheel"/> holds it at a time, without an allocation of its own.</summary>
public abstract class DeadlineNode
{
    internal DeadlineNode? Previous;
    internal DeadlineNode? Next;
    internal long DueTick;
    internal NodeState State;

    internal enum NodeState
    {
        Idle,
        Waiting,
        Firing,
    }

    /// <summary>Called once, under the wheel's lock, when due; not after <see cref="DeadlineWheel.Remove"/>.</summary>
    protected internal abstract void OnDeadline();
}

/// <summary>Something to be done once, when due.</summary>
/// <param name="action">What is to be done, under the wheel's lock.</param>
public sealed class Due(Action action) : DeadlineNode
{
    /// <inheritdoc/>
    protected internal override void OnDeadline() => action();
}

/// <summary>
/// Many deadlines on one timer: a hashed timing wheel (Varghese and Lauck, 1987). Adding and removing is O(1) and allocates nothing;
/// the timer is armed for the next slot in use only, so that a wheel without deadlines costs nothing. Deadlines are kept to one tick,
/// never early. Not thread-safe: every member but <see cref="Dispose"/> is used under the owner's lock, which the wheel takes itself when
/// the timer fires.
/// </summary>
public sealed class DeadlineWheel : IDisposable
{
    private const int Slots = 512;
    private readonly DeadlineNode?[] _slots = new DeadlineNode?[Slots];
    private readonly ulong[] _used = new ulong[Slots / 64];
    private readonly List<DeadlineNode> _due = [];
    private readonly Lock _gate;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly long _origin;
    private readonly long _ticksPerSlot;
    private readonly double _millisecondsPerSlot;
    private long _current;
    private long _armedFor = long.MaxValue;
    private bool _disposed;

    /// <param name="gate">The owner's lock.</param>
    /// <param name="tick">How exact deadlines are.</param>
    /// <param name="time">The clock.</param>
    public DeadlineWheel(Lock gate, TimeSpan tick, TimeProvider time)
    {
        _gate = gate;
        _time = time;
        _origin = time.GetTimestamp();
        _ticksPerSlot = Math.Max(1, (long)(tick.TotalSeconds * time.TimestampFrequency));
        _millisecondsPerSlot = tick.TotalMilliseconds;
        // The timer outlives the request that happens to create it: it must not carry that request's context along.
        using (ContextFlow.Suppress())
            _timer = time.CreateTimer(static wheel => ((DeadlineWheel)wheel!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How exact deadlines are, in timestamps of the clock.</summary>
    public long TimestampsPerTick => _ticksPerSlot;

    /// <summary>How many nodes wait.</summary>
    public int Count { get; private set; }

    /// <summary>Lets the node fall due at a timestamp of the clock. It must not be waiting already.</summary>
    public void Add(DeadlineNode node, long timestamp)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "The owner's lock is held.");
        Debug.Assert(node.State != DeadlineNode.NodeState.Waiting, "The node is not waiting.");
        node.DueTick = Math.Max(_current + 1, ((timestamp - _origin) + _ticksPerSlot - 1) / _ticksPerSlot);
        node.State = DeadlineNode.NodeState.Waiting;
        var slot = (int)(node.DueTick % Slots);
        node.Previous = null;
        node.Next = _slots[slot];
        node.Next?.Previous = node;
        _slots[slot] = node;
        _used[slot >> 6] |= 1UL << (slot & 63);
        Count++;
        if (node.DueTick < _armedFor)
            Arm(node.DueTick);
    }

    /// <summary>Forgets the node, whether it waits or not.</summary>
    public void Remove(DeadlineNode node)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread, "The owner's lock is held.");
        if (node.State == DeadlineNode.NodeState.Waiting)
            Unlink(node);
        node.State = DeadlineNode.NodeState.Idle;
    }

    /// <summary>Stops the timer; nothing falls due any more.</summary>
    public void Dispose()
    {
        _disposed = true;
        _timer.Dispose();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            Collect((_time.GetTimestamp() - _origin) / _ticksPerSlot);
            foreach (var node in _due)
            {
                // One that fell due with it may have removed it.
                if (node.State != DeadlineNode.NodeState.Firing)
                    continue;
                node.State = DeadlineNode.NodeState.Idle;
                node.OnDeadline();
            }

            _due.Clear();
            _armedFor = long.MaxValue;
            if (Count > 0)
                Arm(NextUsed());
        }
    }

    private void Collect(long now)
    {
        for (var tick = Math.Max(_current + 1, now - Slots + 1); tick <= now; tick++)
        {
            for (var node = _slots[tick % Slots]; node is not null;)
            {
                var next = node.Next;
                if (node.DueTick <= now)
                {
                    Unlink(node);
                    node.State = DeadlineNode.NodeState.Firing;
                    _due.Add(node);
                }

                node = next;
            }
        }

        _current = Math.Max(_current, now);
    }

    private void Unlink(DeadlineNode node)
    {
        var slot = (int)(node.DueTick % Slots);
        if (node.Previous is null)
            _slots[slot] = node.Next;
        else
            node.Previous.Next = node.Next;
        node.Next?.Previous = node.Previous;
        if (_slots[slot] is null)
            _used[slot >> 6] &= ~(1UL << (slot & 63));
        node.Previous = node.Next = null;
        Count--;
    }

    /// <summary>The first tick after the current one whose slot is in use; its nodes may belong to a later turn of the wheel.</summary>
    private long NextUsed()
    {
        var from = (int)((_current + 1) % Slots);
        for (var distance = 0; distance < Slots;)
        {
            var slot = (from + distance) % Slots;
            var word = _used[slot >> 6] >> (slot & 63);
            if (word != 0)
                return _current + 1 + distance + BitOperations.TrailingZeroCount(word);
            distance += 64 - (slot & 63);
        }

        return _current + Slots;
    }

    private void Arm(long tick)
    {
        _armedFor = tick;
        var now = (_time.GetTimestamp() - _origin) / (double)_ticksPerSlot;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling((tick - now) * _millisecondsPerSlot))), Timeout.InfiniteTimeSpan);
    }
}
