using Microservices.EventLog;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.EventLog;

public sealed class LogBudgetTests
{
    private const long Setting = 4 << 20;
    private readonly FakeTimeProvider time = new();
    private readonly EventLogOptions options = new() { MaxAge = TimeSpan.FromMinutes(10) };
    private readonly LogBudget budget;

    public LogBudgetTests() => budget = new(Setting, options, time);

    [Fact]
    public void Each_refusal_takes_a_quarter_of_what_is_used_and_no_more_than_down_to_the_least()
    {
        Hold(2 << 20);
        var held = budget.Ledger.Held;

        budget.Adapt(refused: true);

        Assert.Equal(held * 3 / 4, budget.Bytes);
        Assert.True(budget.IsExceeded);

        // What it must let go is gone; Redis refuses all the same.
        var before = budget.Bytes;
        budget.Ledger.Trim(budget.Bytes, Now);
        budget.Adapt(refused: true);
        Assert.InRange(budget.Bytes, LogBudget.Least, before * 3 / 4);

        for (var i = 0; i < 100; i++)
            budget.Adapt(refused: true);
        Assert.Equal(LogBudget.Least, budget.Bytes);
        Assert.True(budget.IsExceeded);
    }

    [Fact]
    public void It_is_whole_again_once_nothing_was_refused_for_as_long_as_events_are_kept()
    {
        budget.Adapt(refused: true);
        time.Advance(options.MaxAge);
        budget.Adapt(refused: true);
        time.Advance(options.MaxAge);
        budget.Adapt(refused: false);
        Assert.Equal(LogBudget.Least, budget.Bytes);

        time.Advance(TimeSpan.FromSeconds(1));
        budget.Adapt(refused: false);

        Assert.Equal(new LogUse(0, Setting), budget.Use);
    }

    [Fact]
    public void A_setting_below_the_least_is_kept()
    {
        var small = new LogBudget(LogBudget.Least / 2, options, time);

        small.Adapt(refused: true);

        Assert.Equal(LogBudget.Least / 2, small.Bytes);
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Hold(long bytes)
    {
        for (var i = 0; i < 64; i++)
            budget.Ledger.Appended($"topic/{i}", new LogSize("e", 1, 1, bytes / 64), Now);
    }
}
