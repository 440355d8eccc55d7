using Microservices.Topics.Operations;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Topics;

/// <summary>How much of a topic a watch shows.</summary>
public sealed class AllowanceTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_seconds_worth_of_events_is_allowed_at_once_and_no_more_however_long_nothing_came()
    {
        var allowance = new Allowance(10, 1_000, time);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, Take(allowance, 1));
        Assert.Equal(TimeSpan.FromSeconds(0.1), allowance.Wait);

        time.Advance(allowance.Wait);
        Assert.Equal(TimeSpan.Zero, allowance.Wait);
        Assert.Equal(1, Take(allowance, 1));
    }

    [Fact]
    public void An_event_that_is_larger_than_a_seconds_bytes_is_allowed_and_paid_for()
    {
        var allowance = new Allowance(10, 1_000, time);
        Assert.Equal(1, Take(allowance, 5_000));
        Assert.Equal(4.001, allowance.Wait.TotalSeconds, 6);

        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, Take(allowance, 1));
        time.Advance(allowance.Wait);
        Assert.Equal(1, Take(allowance, 5_000));
    }

    private static int Take(Allowance allowance, int size)
    {
        var taken = 0;
        while (allowance.TryTake(size))
            taken++;
        return taken;
    }
}
