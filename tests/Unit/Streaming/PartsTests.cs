using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>The small parts that call streams are made of.</summary>
public sealed class PartsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(5_000)]
    [InlineData(3_600_000)]
    public void A_deadline_falls_due_once_within_a_tick_and_never_early(int milliseconds)
    {
        var time = new FakeTimeProvider();
        var gate = new Lock();
        using var wheel = new DeadlineWheel(gate, TimeSpan.FromMilliseconds(1), time);
        time.Advance(TimeSpan.FromMilliseconds(77));
        var fired = 0;
        lock (gate)
            wheel.Add(new Due(() => fired++), time.GetTimestamp() + (milliseconds * TimeSpan.TicksPerMillisecond));

        if (milliseconds > 1)
            time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromMilliseconds(2));
        time.Advance(TimeSpan.FromHours(2));

        Assert.Equal((1, 0), (fired, wheel.Count));
    }

    [Fact]
    public void A_removed_deadline_never_falls_due_even_if_one_that_fell_due_with_it_removed_it()
    {
        var time = new FakeTimeProvider();
        var gate = new Lock();
        using var wheel = new DeadlineWheel(gate, TimeSpan.FromMilliseconds(1), time);
        var fired = new List<string>();
        Due first = null!, second = null!, third = new(() => fired.Add("third"));
        first = new(() => Fire("first", second));
        second = new(() => Fire("second", first));
        lock (gate)
        {
            foreach (var node in new[] { first, second, third })
                wheel.Add(node, 5 * TimeSpan.TicksPerMillisecond + time.GetTimestamp());
            wheel.Remove(third);
            wheel.Remove(third);
        }

        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Single(fired);

        void Fire(string name, Due other)
        {
            fired.Add(name);
            wheel.Remove(other);
        }
    }

    [Fact]
    public void A_budget_allows_its_share_and_no_more_and_saves_up_to_ten()
    {
        var budget = new TokenBudget(0.05);
        var spent = 0;
        for (var i = 1; i <= 10_000; i++)
        {
            budget.Earn();
            spent += TrySpend() ? 1 : 0;
            Assert.InRange(spent, 0, i * 0.05);
        }

        Assert.InRange(spent, 495, 500);
        for (var i = 0; i < 1_000_000; i++)
            budget.Earn();
        Assert.Equal(10, Enumerable.Range(0, 100).Count(_ => TrySpend()));

        bool TrySpend()
        {
            if (!budget.MaySpend)
                return false;
            budget.Spend();
            return true;
        }
    }

    [Fact]
    public void The_p95_is_right_to_an_eighth_and_forgets_what_is_two_windows_old()
    {
        var time = new FakeTimeProvider();
        var window = new LatencyWindow(TimeSpan.FromSeconds(10), time);
        for (var i = 0; i < 49; i++)
            window.Record(TimeSpan.FromMilliseconds(1), time.GetTimestamp());
        Assert.Null(window.P95);

        for (var i = 1; i <= 10_000; i++)
            window.Record(TimeSpan.FromMicroseconds(i), time.GetTimestamp());
        Assert.InRange(window.P95!.Value.TotalMicroseconds, 9_400, 9_500 * 1.125);

        for (var turn = 0; turn < 2; turn++)
        {
            time.Advance(TimeSpan.FromSeconds(11));
            for (var i = 0; i < 200; i++)
                window.Record(TimeSpan.FromMilliseconds(100), time.GetTimestamp());
        }

        Assert.InRange(window.P95!.Value.TotalMilliseconds, 100, 112.5);
    }

    [Fact]
    public void Backoff_is_anything_up_to_a_bound_that_doubles_up_to_its_cap_and_starts_anew_after_a_reset()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        var waits = Enumerable.Range(0, 8).Select(_ => new List<double>()).ToArray();
        for (var i = 0; i < 2_000; i++, backoff.Reset())
        {
            foreach (var nth in waits)
                nth.Add(backoff.Next().TotalMilliseconds);
        }

        // 2,000 evenly spread waits: their mean is within a tenth of the middle but for once in 10^12 runs.
        var bound = 100.0;
        foreach (var nth in waits)
        {
            Assert.All(nth, wait => Assert.InRange(wait, 0, bound));
            Assert.InRange(nth.Average(), 0.45 * bound, 0.55 * bound);
            bound = Math.Min(5000, bound * 2);
        }
    }

    [Fact]
    public void Two_calls_are_compared_without_their_ids_and_stay_as_they_are()
    {
        var comparer = new FlightKeyComparer<LookupUsersCall>();
        LookupUsersCall sent = new() { UserId = "ada", CallId = 7, TimeoutMs = 70 }, same = new() { UserId = "ada" }, other = new() { UserId = "bob", CallId = 8, TimeoutMs = 80 };

        Assert.True(comparer.Equals(Key(sent), Key(same)));
        Assert.True(comparer.Equals(Key(same), Key(sent)));
        Assert.False(comparer.Equals(Key(sent), Key(other)));
        Assert.False(comparer.Equals(Key(other), Key(sent)));
        Assert.False(comparer.Equals(Key(sent), Key(same) with { Principal = "p" }));
        Assert.Equal([(7ul, 70u), (0ul, 0u), (8ul, 80u)], new[] { sent, same, other }.Select(call => (call.CallId, call.TimeoutMs)));

        // Hashes that happen to be equal.
        static FlightKey<LookupUsersCall> Key(LookupUsersCall call) => new(call, null, 1);
    }

    [Fact]
    public async Task A_signal_set_before_or_after_waiting_wakes_the_loop_once()
    {
        var signal = new AsyncSignal();
        signal.Set();
        signal.Set();
        await signal.WaitAsync();
        var waiting = signal.WaitAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        signal.Set();
        await waiting;
        Assert.False(signal.WaitAsync().AsTask().IsCompleted);
    }
}
