using Microservices.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Primitives;

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
    public async Task More_connections_bring_a_caller_no_more_turns_and_its_connections_take_turns_too()
    {
        var gate = new FairGate(1, 100, time);
        Assert.True(gate.TryEnter(1));
        var order = new List<string>();
        var all = Enumerable.Range(0, 60).Select(i => EnterAsync(gate, "greedy", order, $"greedy{i % 20}")).ToList();
        all.AddRange(Enumerable.Range(0, 3).Select(_ => EnterAsync(gate, "modest", order)));

        gate.Exit(1);
        await Task.WhenAll(all);

        Assert.Equal(3, order.Take(6).Count(who => who == "modest"));
        var greedy = order.Where(who => who != "modest").ToArray();
        Assert.Equal(20, greedy[..20].Distinct().Count());
        Assert.Equal(20, greedy[20..40].Distinct().Count());
    }

    [Fact]
    public async Task Beyond_what_may_wait_the_caller_with_the_most_loses_the_newest_of_its_longest_line()
    {
        var gate = new FairGate(1, 5, time);
        Assert.True(gate.TryEnter(1));
        var longest = Enumerable.Range(0, 2).Select(_ => gate.EnterAsync("many", "1", 1, Long, default).AsTask()).ToArray();
        var others = Enumerable.Range(2, 1).Select(i => gate.EnterAsync("many", $"{i}", 1, Long, default).AsTask()).ToArray();
        var two = Enumerable.Range(0, 2).Select(_ => gate.EnterAsync("two", "two", 1, Long, default).AsTask()).ToArray();

        var modest = gate.EnterAsync("modest", "modest", 1, Long, default).AsTask();
        Assert.False(await longest[1]);
        // Of its own, one that has less waiting.
        Assert.False(await gate.EnterAsync("many", "3", 1, Long, default));
        for (var i = 0; i < 5; i++)
            gate.Exit(1);
        Assert.All(await Task.WhenAll([longest[0], .. others, .. two, modest]), Assert.True);
    }

    [Fact]
    public async Task Beyond_what_may_wait_the_longest_line_loses_its_newest_and_no_other_is_refused()
    {
        var gate = new FairGate(1, 3, time);
        Assert.True(gate.TryEnter(1));
        var greedy = Enumerable.Range(0, 3).Select(_ => gate.EnterAsync("greedy", "greedy", 1, Long, default).AsTask()).ToArray();
        Assert.False(await gate.EnterAsync("greedy", "greedy", 1, Long, default));

        var modest = gate.EnterAsync("modest", "modest", 1, Long, default).AsTask();
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
        var late = gate.EnterAsync("a", "a", 10, TimeSpan.FromSeconds(1), default).AsTask();
        var left = gate.EnterAsync("b", "b", 10, Long, gone.Token).AsTask();
        var small = gate.EnterAsync("c", "c", 5, Long, default).AsTask();

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
                if (!await gate.EnterAsync(i % 7, i % 21, cost, TimeSpan.FromMilliseconds(i % 11), cut.Token))
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

    private static async Task EnterAsync(FairGate gate, string caller, List<string> order, string? connection = null)
    {
        Assert.True(await gate.EnterAsync(caller, connection ?? caller, 1, Long, default));
        order.Add(connection ?? caller);
        gate.Exit(1);
    }
}
