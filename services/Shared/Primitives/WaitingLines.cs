namespace Microservices.Primitives;

/// <summary>
/// Who waits at a <see cref="FairGate"/> or for <see cref="FairTurns"/>, each connection's in a line of its own. Callers take turns, and within the turns of a caller its lines do:
/// more connections bring no more turns. Guarded by its lock.
/// </summary>
internal sealed class WaitingLines
{
    private readonly Dictionary<object, CallerLines> callers = [];
    private readonly LinkedList<CallerLines> turns = [];

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Whose turn it is; null when nobody waits.</summary>
    public Waiter? Next => turns.First?.Value.Turns.First!.Value.Waiters.First!.Value;

    /// <summary>Adds one at the end of its line.</summary>
    public void Add(Waiter waiter, object caller, object connection)
    {
        if (!callers.TryGetValue(caller, out var of))
        {
            callers.Add(caller, of = new(caller));
            turns.AddLast(of.Turn);
        }

        if (!of.Lines.TryGetValue(connection, out var line))
        {
            of.Lines.Add(connection, line = new(of, connection));
            of.Turns.AddLast(line.Turn);
        }

        waiter.Line = line;
        line.Waiters.AddLast(waiter.Place);
        of.Waiting++;
        Count++;
    }

    /// <summary>Takes out the one whose turn it is; the next turn is another caller's, and of this caller another line's.</summary>
    public Waiter TakeNext()
    {
        var next = Next!;
        var line = next.Line!;
        Remove(next);
        MoveLast(line.Caller.Turns, line.Turn);
        MoveLast(turns, line.Caller.Turn);
        return next;
    }

    /// <summary>Takes one out that waits no longer.</summary>
    public void Remove(Waiter waiter)
    {
        var line = waiter.Line!;
        line.Waiters.Remove(waiter.Place);
        line.Caller.Waiting--;
        Count--;
        if (line.Waiters.Count > 0)
            return;
        line.Caller.Turns.Remove(line.Turn);
        line.Caller.Lines.Remove(line.Key);
        if (line.Caller.Waiting > 0)
            return;
        turns.Remove(line.Caller.Turn);
        callers.Remove(line.Caller.Key);
    }

    /// <summary>
    /// The newest of the longest line of the caller that has the most; null when that is the line of the one who asks, were it added. Looks at all
    /// callers, and at the lines of one.
    /// </summary>
    public Waiter? Newest(object caller, object connection)
    {
        var own = callers.GetValueOrDefault(caller);
        var most = callers.Values.MaxBy(one => one.Waiting);
        if (most is null || most.Waiting <= (own?.Waiting ?? 0) + 1)
            most = own;
        var longest = most?.Lines.Values.MaxBy(line => line.Waiters.Count);
        var asking = most == own ? (own?.Lines.GetValueOrDefault(connection)?.Waiters.Count ?? 0) + 1 : 0;
        return longest?.Waiters.Count > asking ? longest.Waiters.Last!.Value : null;
    }

    private static void MoveLast<T>(LinkedList<T> list, LinkedListNode<T> node)
    {
        if (node.List is null)
            return;
        list.Remove(node);
        list.AddLast(node);
    }

    /// <summary>Those of a connection, in the order of their arrival. There is none without any.</summary>
    internal sealed class Line
    {
        internal Line(CallerLines caller, object key) => (Caller, Key, Turn) = (caller, key, new(this));

        internal CallerLines Caller { get; }

        internal object Key { get; }

        internal LinkedListNode<Line> Turn { get; }

        internal LinkedList<Waiter> Waiters { get; } = [];
    }

    /// <summary>The lines of a caller. There is none without any.</summary>
    internal sealed class CallerLines
    {
        internal CallerLines(object key) => (Key, Turn) = (key, new(this));

        internal object Key { get; }

        internal LinkedListNode<CallerLines> Turn { get; }

        internal Dictionary<object, Line> Lines { get; } = [];

        internal LinkedList<Line> Turns { get; } = [];

        internal int Waiting { get; set; }
    }
}

/// <summary>One that waits. Guarded by its lock.</summary>
internal sealed class Waiter
{
    public Waiter(int cost, TaskCreationOptions continuations = TaskCreationOptions.RunContinuationsAsynchronously) =>
        (Cost, Place, Admitted) = (cost, new(this), new(continuations));

    /// <summary>What it costs.</summary>
    public int Cost { get; }

    /// <summary>Its line, and its place there as long as it waits.</summary>
    public WaitingLines.Line? Line { get; set; }

    public LinkedListNode<Waiter> Place { get; }

    /// <summary>Completes with whether its turn has come, or it lost its place to another.</summary>
    public TaskCompletionSource<bool> Admitted { get; }
}
