namespace Microservices.Hosting.Admission;

/// <summary>
/// Lets work in up to a total cost at a time; the rest waits, each key's in a line of its own, and the lines take turns: who asks for much
/// waits longer, and nobody else does. How many wait is bounded: beyond it the longest line loses its newest. Thread-safe.
/// </summary>
/// <param name="capacity">The cost that may be at work at a time.</param>
/// <param name="maxWaiting">How many may wait, in all lines together.</param>
/// <param name="time">Measures how long they wait.</param>
public sealed class FairGate(int capacity, int maxWaiting, TimeProvider time)
{
    private readonly int all = capacity;
    private readonly Lock gate = new();
    private readonly Dictionary<object, LinkedList<Waiter>> lines = [];
    // The keys of lines in which somebody waits, in the order of their turns.
    private readonly Queue<object> turns = new();
    private int free = capacity;
    private int waiting;

    /// <summary>How many wait, in all lines together.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return waiting;
        }
    }

    /// <summary>Lets in what need not wait. What costs more than everything is taken to cost everything.</summary>
    public bool TryEnter(int cost)
    {
        lock (gate)
        {
            if (waiting > 0 || Bounded(cost) > free)
                return false;
            free -= Bounded(cost);
            return true;
        }
    }

    /// <summary>Waits for its turn. False when too many wait, or when it has taken too long.</summary>
    /// <param name="key">Whose work it is.</param>
    /// <param name="cost">What it costs.</param>
    /// <param name="timeout">How long it may wait.</param>
    /// <param name="cancellationToken">Calls it off.</param>
    /// <exception cref="OperationCanceledException">It was called off.</exception>
    public async ValueTask<bool> EnterAsync(object key, int cost, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (TryEnter(cost))
            return true;
        if (Queue(key, Bounded(cost)) is not { } waiter)
            return false;
        try
        {
            return await waiter.Admitted.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!Leave(key, waiter) && await waiter.Admitted.Task)
            {
                // Its turn came at the same moment.
                if (e is TimeoutException)
                    return true;
                Exit(cost);
            }

            if (e is TimeoutException)
                return false;
            throw;
        }
    }

    /// <summary>What was let in is done.</summary>
    public void Exit(int cost)
    {
        lock (gate)
        {
            free += Bounded(cost);
            Admit();
        }
    }

    private int Bounded(int cost) => Math.Min(cost, all);

    private Waiter? Queue(object key, int cost)
    {
        lock (gate)
        {
            if (waiting >= maxWaiting && !MakeRoom(key))
                return null;
            if (!lines.TryGetValue(key, out var line))
            {
                lines.Add(key, line = new());
                turns.Enqueue(key);
            }

            var waiter = new Waiter(cost);
            line.AddLast(waiter);
            waiting++;
            // Somebody may have left since it was looked at.
            Admit();
            return waiter;
        }
    }

    /// <summary>The longest line loses its newest, unless that is the line of who asks for room.</summary>
    private bool MakeRoom(object key)
    {
        var (longest, length) = (key, lines.TryGetValue(key, out var own) ? own.Count + 1 : 1);
        foreach (var (other, line) in lines)
        {
            if (line.Count > length)
                (longest, length) = (other, line.Count);
        }

        if (longest == key)
            return false;
        var last = lines[longest].Last!;
        lines[longest].RemoveLast();
        waiting--;
        last.Value.Admitted.SetResult(false);
        return true;
    }

    private bool Leave(object key, Waiter waiter)
    {
        lock (gate)
        {
            if (waiter.Admitted.Task.IsCompleted || !lines[key].Remove(waiter))
                return false;
            waiting--;
            // What is behind it may cost less.
            Admit();
            return true;
        }
    }

    private void Admit()
    {
        while (turns.TryPeek(out var key))
        {
            var line = lines[key];
            if (line.First is { } first)
            {
                if (first.Value.Cost > free)
                    return;
                free -= first.Value.Cost;
                waiting--;
                line.RemoveFirst();
                first.Value.Admitted.SetResult(true);
            }

            turns.Dequeue();
            if (line.Count > 0)
                turns.Enqueue(key);
            else
                lines.Remove(key);
        }
    }

    private sealed class Waiter(int cost)
    {
        public int Cost => cost;

        public TaskCompletionSource<bool> Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
