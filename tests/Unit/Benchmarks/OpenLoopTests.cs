using Microservices.Tests.Benchmarks.Harness;
using Microservices.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Benchmarks;

/// <summary>A second of a thousand calls, on a clock that goes on when the loop sleeps or a call says so, and never by itself.</summary>
public sealed class OpenLoopTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StallEnd = TimeSpan.FromMilliseconds(300);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task Calls_are_begun_when_they_are_due()
    {
        var start = time.GetTimestamp();
        var begun = new List<double>();
        await RunAsync((_, _) =>
        {
            begun.Add(time.GetElapsedTime(start).TotalMilliseconds);
            return Answer();
        });

        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => (double)i), begun);
    }

    [Fact]
    public async Task A_server_that_stalls_is_charged_for_every_call_that_was_due_meanwhile()
    {
        var result = await RunAsync((i, _) => i is >= 100 and < 300 ? AnswerAtAsync(StallEnd) : Answer());

        AssertIsCharged(result);
    }

    [Fact]
    public async Task So_is_one_that_keeps_calls_from_being_sent()
    {
        var result = await RunAsync((i, _) =>
        {
            if (i == 100)
                time.Advance(Stall);
            return Answer();
        });

        AssertIsCharged(result);
    }

    [Fact]
    public async Task Calls_that_end_after_the_time_are_measured_but_are_no_throughput_of_it()
    {
        var result = await RunAsync((i, _) =>
        {
            if (i == 400)
                time.Advance(Second);
            return Answer();
        });

        Assert.Equal(1_000, result.Good.Count);
        Assert.Equal(400, result.GoodPerSecond);
    }

    [Fact]
    public async Task Calls_that_are_due_while_as_many_as_allowed_are_under_way_are_counted_as_not_sent()
    {
        var result = await RunAsync((i, _) => i is >= 100 and < 300 ? AnswerAtAsync(StallEnd) : Answer(), maxInFlight: 50);

        Assert.Equal((150, 850), (result.NotSent, result.Good.Count));
    }

    [Fact]
    public async Task Each_outcome_has_latencies_of_its_own_and_an_exception_is_a_failure()
    {
        var result = await RunAsync((i, _) => i switch
        {
            < 500 => Answer(),
            < 800 => Answer(Outcome.Refused),
            < 900 => Answer(Outcome.Failed),
            < 950 => throw new InvalidOperationException(),
            _ => Task.FromException<Outcome>(new InvalidOperationException()),
        });

        Assert.Equal((500, 300, 200), (result.Good.Count, result.Refused.Count, result.Failed.Count));
        Assert.Equal(500, result.GoodPerSecond);
    }

    [Fact]
    public async Task A_call_without_an_answer_is_given_up_and_has_failed()
    {
        var running = RunAsync(async (i, cancel) =>
        {
            if (i == 999)
                await Task.Delay(Timeout.Infinite, cancel);
            return Outcome.Good;
        });
        await Eventually.UntilAsync(
            () =>
            {
                time.Advance(Second);
                return running.IsCompleted;
            },
            "the call was given up");
        var result = await running;

        Assert.Equal((999, 1), (result.Good.Count, result.Failed.Count));
        Assert.True(result.Failed.Max >= 10 * Second.TotalMilliseconds);
    }

    [Fact]
    public async Task Cancellation_ends_it_with_an_exception()
    {
        using var enough = new CancellationTokenSource();
        var begun = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            (_, _) =>
            {
                if (++begun == 10)
                    enough.Cancel();
                return Answer();
            },
            cancellationToken: enough.Token));

        Assert.Equal(10, begun);
    }

    [Fact]
    public async Task By_the_clock_of_the_machine_none_is_begun_before_it_is_due()
    {
        var start = TimeProvider.System.GetTimestamp();
        var begun = new List<TimeSpan>();
        var result = await OpenLoop.RunAsync(
            1_000,
            TimeSpan.FromMilliseconds(50),
            (_, _) =>
            {
                begun.Add(TimeProvider.System.GetElapsedTime(start));
                return Answer();
            },
            CancellationToken.None);

        Assert.Equal(50, result.Good.Count);
        Assert.All(begun.Index(), call => Assert.True(call.Item >= TimeSpan.FromMilliseconds(call.Index)));
    }

    private static Task<Outcome> Answer(Outcome outcome = Outcome.Good) => Task.FromResult(outcome);

    /// <summary>Of a thousand calls 200 were due in the stall: they waited for all of it, for all but a 200th, and so on, and the others not at all.</summary>
    private static void AssertIsCharged(OpenLoopResult result)
    {
        var (waited, digits) = (Stall.TotalMilliseconds, Stall.TotalMilliseconds / 100);
        Assert.Equal(1_000, result.Good.Count);
        Assert.InRange(result.Good.P50, 0, digits);
        Assert.Equal(0.75 * waited, result.Good.P95, digits);
        Assert.Equal(0.95 * waited, result.Good.P99, digits);
        Assert.Equal(waited, result.Good.Max, digits);
    }

    private async Task<Outcome> AnswerAtAsync(TimeSpan sinceStart)
    {
        await Task.Delay(time.Start + sinceStart - time.GetUtcNow(), time);
        return Outcome.Good;
    }

    private Task<OpenLoopResult> RunAsync(Func<long, CancellationToken, Task<Outcome>> call, int maxInFlight = 50_000, CancellationToken cancellationToken = default) =>
        OpenLoop.RunAsync(1_000, Second, call, cancellationToken, maxInFlight, time, time.Advance);
}
