namespace Microservices.Primitives;

/// <summary>
/// Work that waits for one of the pool's threads, each connection's in a line of its own. Callers take turns, and so do the connections of a caller. The pool by itself takes
/// what comes first, so that whoever sends ten thousand requests at once is served before all who come after. What takes long without a thread is a
/// <see cref="FairGate"/>'s; how much waits here is bounded by whoever adds it. Thread-safe.
/// </summary>
public sealed class FairTurns : IThreadPoolWorkItem
{
    private readonly Lock gate = new();
    private readonly WaitingLines lines = new();
    private int atWork;

    /// <summary>How many wait, in all lines together.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return lines.Count;
        }
    }

    /// <summary>
    /// Completes on a thread of the pool when it is this one's turn. What awaits it goes on at once, and the next turn comes when that waits for something or is done. As many
    /// are at work at a time as the pool has threads.
    /// </summary>
    /// <param name="caller">Whose work it is.</param>
    /// <param name="connection">The caller's connection.</param>
    public Task WaitAsync(object caller, object connection)
    {
        // What awaits it runs where its turn is given, not behind everything else that waits for the pool.
        var waiter = new Waiter(cost: 1, TaskCreationOptions.None);
        lock (gate)
        {
            lines.Add(waiter, caller, connection);
            if (atWork >= ThreadPool.ThreadCount)
                return waiter.Admitted.Task;
            atWork++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return waiter.Admitted.Task;
    }

    /// <summary>Gives the next turn, and then lets what has come to the pool meanwhile take its place in line.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        Waiter next;
        lock (gate)
        {
            if (lines.Count == 0)
            {
                atWork--;
                return;
            }

            next = lines.TakeNext();
        }

        next.Admitted.SetResult(true);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
