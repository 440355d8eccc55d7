using Microservices.Primitives;

namespace Microservices.Tests.Unit.Primitives;

public sealed class FairTurnsTests
{
    [Fact]
    public async Task Who_comes_behind_thousands_of_anothers_is_served_after_a_few_of_them()
    {
        var turns = new FairTurns();
        using var allCame = new ManualResetEventSlim();
        // A turn that comes before it is waited for is this thread's, which has more to add.
        var adding = Environment.CurrentManagedThreadId;
        var order = new List<string>();
        var all = Enumerable.Range(0, 2_000).Select(i => WorkAsync("greedy", i % 20)).ToList();
        all.Add(WorkAsync("modest", 0));

        // Those whose turn has come hold a thread each until now.
        var begun = all.Count - turns.Waiting;
        allCame.Set();
        await Task.WhenAll(all);

        Assert.InRange(order.IndexOf("modest"), 0, begun + ThreadPool.ThreadCount);
        Assert.Equal(2_001, order.Count);
        Assert.Equal(0, turns.Waiting);

        async Task WorkAsync(string caller, int connection)
        {
            await turns.WaitAsync(caller, connection);
            if (Environment.CurrentManagedThreadId != adding)
                allCame.Wait();
            lock (order)
                order.Add(caller);
        }
    }

    [Fact]
    public async Task What_waits_for_something_else_leaves_the_turn_to_the_next()
    {
        var turns = new FairTurns();
        var never = new TaskCompletionSource();
        var waiting = Enumerable.Range(0, 1_000).Select(i => WorkAsync(i)).ToList();

        await turns.WaitAsync("another", 0);
        Assert.All(waiting, work => Assert.False(work.IsCompleted));
        never.SetResult();
        await Task.WhenAll(waiting);

        async Task WorkAsync(int connection)
        {
            await turns.WaitAsync("one", connection);
            await never.Task;
        }
    }

    [Fact]
    public async Task Each_has_one_turn_however_many_come_from_however_many_threads()
    {
        var turns = new FairTurns();
        var taken = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 20_000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            await turns.WaitAsync(i % 7, i % 31);
            Interlocked.Increment(ref taken);
        });
        Assert.Equal(20_000, taken);
        Assert.Equal(0, turns.Waiting);
    }
}
