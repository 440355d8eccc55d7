using Microservices.Tests.Benchmarks;
using Microservices.Tests.Benchmarks.Harness;

namespace Microservices.Tests.Unit.Benchmarks;

public sealed class ContestTests
{
    private static readonly Plan ThreeRounds = new(Rounds: 3, Seconds: 5, WarmUp: 2, Results: "", Smoke: false);
    private readonly List<string> order = [];

    [Fact]
    public async Task Contenders_are_warmed_up_and_then_measured_in_turns()
    {
        await Contest.RunAsync(ThreeRounds, [Contender("a"), Contender("b"), Contender("c")], CancellationToken.None);

        Assert.Equal(
            ["a 2 s", "b 2 s", "c 2 s", "a 5 s", "b 5 s", "c 5 s", "a 5 s", "b 5 s", "c 5 s", "a 5 s", "b 5 s", "c 5 s"],
            order);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task As_many_rounds_are_measured_as_were_asked_for_and_the_warm_up_is_none_of_them(int rounds)
    {
        var measured = await Contest.RunAsync(ThreeRounds with { Rounds = rounds }, [Contender("a"), Contender("b")], CancellationToken.None);

        // The first two were the warm-up.
        Assert.Equal(Enumerable.Range(0, rounds).Select(i => 3.0 + (2 * i)), measured.Find("a", "turn"));
        Assert.Equal(Enumerable.Range(0, rounds).Select(i => 4.0 + (2 * i)), measured.Find("b", "turn"));
    }

    [Fact]
    public async Task Without_a_warm_up_the_first_run_is_measured()
    {
        var measured = await Contest.RunAsync(ThreeRounds with { WarmUp = 0 }, [Contender("a")], CancellationToken.None);

        Assert.Equal([1, 2, 3], measured.Find("a", "turn"));
    }

    [Fact]
    public async Task The_servers_processor_time_is_also_told_by_operation()
    {
        const double operations = 4;
        var measured = await Contest.RunAsync(ThreeRounds, [Contender("a", operations)], CancellationToken.None);

        var (first, second) = (measured.Find("a", "CPU of first, s")!, measured.Find("a", "CPU of second, s")!);
        Assert.Equal(first.Zip(second, (x, y) => (x + y) * 1e6 / operations), measured.Find("a", Contest.CpuAnOperation)!);
        Assert.All(measured.Find("a", "memory of first, MiB")!, memory => Assert.True(memory > 1));
    }

    [Fact]
    public async Task A_round_without_an_operation_is_still_a_round()
    {
        var measured = await Contest.RunAsync(ThreeRounds, [Contender("a", operations: 0)], CancellationToken.None);

        Assert.Equal(ThreeRounds.Rounds, measured.Find("a", Contest.CpuAnOperation)?.Count);
    }

    [Fact]
    public void A_round_with_other_figures_than_the_first_is_refused()
    {
        var measured = new Measured();
        measured.Add("a", new Figures { ["requests/s"] = 1, ["p99, ms"] = 1 });

        Assert.Throws<InvalidOperationException>(() => measured.Add("a", new Figures { ["requests/s"] = 1 }));
        Assert.Throws<InvalidOperationException>(() => measured.Add("a", new Figures { ["requests/s"] = 1, ["p99, ms"] = 1, ["failed"] = 1 }));
        Assert.Equal([1], measured.Find("a", "requests/s"));
    }

    private Contender Contender(string name, double? operations = null) => new(
        name,
        operations is null ? [] : [new("first", () => Environment.ProcessId), new("second", () => Environment.ProcessId)],
        (seconds, _) =>
        {
            order.Add($"{name} {seconds} s");
            return Task.FromResult(new Figures { ["turn"] = order.Count, Operations = operations });
        });
}
