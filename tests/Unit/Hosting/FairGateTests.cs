using Microservices.Hosting.Admission;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting;

public sealed class FairGateTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void As_much_is_let_in_as_fits_and_what_costs_more_than_everything_costs_everything()
    {
        var gate = new FairGate(10, 5, time);
        Assert.True(gate.TryEnter(4));
        Assert.True(gate.TryEnter(6));
        Assert.False(gate.TryEnter(1));
        gate.Exit(4);
        gate.Exit(6);
        Assert.True(gate.TryEnter(100));
        Assert.False(gate.TryEnter(1));
        gate.Exit(100);
        Assert.True(gate.TryEnter(10));
    }

    [Fact]
    public async Task Lines_take_turns_however_long_one_of_them_is()
    {
        var gate = new FairGate(1, 100, time);
        Assert.True(gate.TryEnter(1));
        var order = new List<string>();
        var greedy = Enumerable.Range(0, 20).Select(_ => EnterAsync(gate, "greedy", order)).ToArray();
        var modest = EnterAsync(gate, "modest", order);

        gate.Exit(1);
        await Task.WhenAll([.. greedy, modest]);

        Assert.InRange(order.IndexOf("modest"), 0, 1);
        Assert.Equal(21, order.Count);
        Assert.True(gate.TryEnter(1));
    }

    [Fact]
    public async Task Beyond_what_may_wait_the_longest_line_loses_its_newest_and_no_other_is_refused()
    {
        var gate = new FairGate(1, 3, time);
        Assert.True(gate.TryEnter(1));
        var greedy = Enumerable.Range(0, 3).Select(_ => gate.EnterAsync("greedy", 1, Long, default).AsTask()).ToArray();
        Assert.False(await gate.EnterAsync("greedy", 1, Long, default));

        var modest = gate.EnterAsync("modest", 1, Long, default).AsTask();
        Assert.False(await greedy[2]);
        Assert.False(modest.IsCompleted);
        for (var i = 0; i < 3; i++)
            gate.Exit(1);
        Assert.True(await modest);
        Assert.True(await greedy[0]);
        Assert.True(await greedy[1]);
    }

    [Fact]
    public async Task Who_has_waited_too_long_or_is_gone_leaves_and_holds_nobody_up()
    {
        var gate = new FairGate(10, 10, time);
        Assert.True(gate.TryEnter(5));
        using var gone = new CancellationTokenSource();
        var late = gate.EnterAsync("a", 10, TimeSpan.FromSeconds(1), default).AsTask();
        var left = gate.EnterAsync("b", 10, Long, gone.Token).AsTask();
        var small = gate.EnterAsync("c", 5, Long, default).AsTask();

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(await late);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.True(await small);
        gate.Exit(5);
        gate.Exit(5);
        Assert.True(gate.TryEnter(10));
    }

    [Fact]
    public async Task Whatever_comes_goes_times_out_and_is_called_off_at_once_all_of_the_capacity_is_there_in_the_end()
    {
        var gate = new FairGate(4, 20, TimeProvider.System);
        await Parallel.ForEachAsync(Enumerable.Range(0, 5_000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            using var cut = new CancellationTokenSource();
            if (i % 3 == 0)
                cut.CancelAfter(TimeSpan.FromMilliseconds(i % 5));
            try
            {
                var cost = 1 + (i % 4);
                if (!await gate.EnterAsync(i % 7, cost, TimeSpan.FromMilliseconds(i % 11), cut.Token))
                    return;
                await Task.Yield();
                gate.Exit(cost);
            }
            catch (OperationCanceledException)
            {
                // It was called off.
            }
        });

        Assert.True(gate.TryEnter(4));
    }

    private static async Task EnterAsync(FairGate gate, string key, List<string> order)
    {
        Assert.True(await gate.EnterAsync(key, 1, Long, default));
        order.Add(key);
        gate.Exit(1);
    }
}
