namespace Microservices.Primitives;

/// <summary>
/// Lets work in up to a total cost at a time; the rest waits, each connection's in a line of its own. Callers take turns, and so do the connections of a
/// caller: who asks for much waits longer, over however many connections, and nobody else does. How many wait is bounded: beyond it the caller
/// that has the most loses the newest of its longest line. Thread-safe.
/// </summary>
/// <param name="capacity">The cost that may be at work at a time.</param>
/// <param name="maxWaiting">How many may wait, in all lines together.</param>
/// <param name="time">Measures how long they wait.</param>
public sealed class FairGate(int capacity, int maxWaiting, TimeProvider time)
{
    private readonly int all = capacity;
    private readonly Lock gate = new();
    private readonly WaitingLines lines = new();
    private int free = capacity;

    /// <summary>How many wait, in all lines together.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return lines.Count;
        }
    }

    /// <summary>Lets in what need not wait. What costs more than everything is taken to cost everything.</summary>
    public bool TryEnter(int cost)
    {
        lock (gate)
        {
            if (lines.Count > 0 || Bounded(cost) > free)
                return false;
            free -= Bounded(cost);
            return true;
        }
    }

    /// <summary>Waits for its turn. False when too many wait, or when it has taken too long.</summary>
    /// <param name="caller">Whose work it is.</param>
    /// <param name="connection">The caller's connection.</param>
    /// <param name="cost">What it costs.</param>
    /// <param name="timeout">How long it may wait.</param>
    /// <param name="cancellationToken">Calls it off.</param>
    /// <exception cref="OperationCanceledException">It was called off.</exception>
    public async ValueTask<bool> EnterAsync(object caller, object connection, int cost, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (TryEnter(cost))
            return true;
        if (Queue(caller, connection, Bounded(cost)) is not { } waiter)
            return false;
        try
        {
            return await waiter.Admitted.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!Leave(waiter) && await waiter.Admitted.Task)
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

    private Waiter? Queue(object caller, object connection, int cost)
    {
        lock (gate)
        {
            if (lines.Count >= maxWaiting && !MakeRoom(caller, connection))
                return null;
            var waiter = new Waiter(cost);
            lines.Add(waiter, caller, connection);
            // Somebody may have left since it was looked at.
            Admit();
            return waiter;
        }
    }

    private bool MakeRoom(object caller, object connection)
    {
        if (lines.Newest(caller, connection) is not { } newest)
            return false;
        lines.Remove(newest);
        newest.Admitted.SetResult(false);
        return true;
    }

    private bool Leave(Waiter waiter)
    {
        lock (gate)
        {
            if (waiter.Admitted.Task.IsCompleted)
                return false;
            lines.Remove(waiter);
            // What is behind it may cost less.
            Admit();
            return true;
        }
    }

    private void Admit()
    {
        while (lines.Next is { } next && next.Cost <= free)
        {
            free -= next.Cost;
            lines.TakeNext().Admitted.SetResult(true);
        }
    }
}
