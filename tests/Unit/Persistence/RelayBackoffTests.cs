using Microservices.Persistence;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Persistence;

public sealed class RelayBackoffTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Most = TimeSpan.FromMilliseconds(100);
    private readonly FakeTimeProvider time = new();
    private readonly RelayBackoff backoff;

    public RelayBackoffTests() =>
        backoff = new(Options.Create(new OutboxOptions { LeaseDuration = Lease, MaxBackoff = Most }), time);

    [Fact]
    public void Waits_grow_up_to_the_longest_and_are_short_again_after_an_answer()
    {
        for (var failures = 1; failures <= 20; failures++)
        {
            var (delay, givesWay) = backoff.Next();
            Assert.False(givesWay);
            Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromMilliseconds(Math.Min(100, 20 * Math.Pow(2, failures - 1))));
            Assert.Equal(failures, backoff.Failures);
        }

        backoff.Reset();
        Assert.Equal(0, backoff.Failures);
        Assert.InRange(backoff.Next().Delay, TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public void It_gives_way_to_another_replica_each_time_that_an_outage_has_lasted_for_a_lease()
    {
        Assert.False(backoff.Next().GivesWay);
        time.Advance(Lease);
        Assert.False(backoff.Next().GivesWay);
        time.Advance(TimeSpan.FromMilliseconds(1));
        var (delay, givesWay) = backoff.Next();
        Assert.True(givesWay);
        // So that another has its turn.
        Assert.InRange(delay, Lease / 2, Lease);

        time.Advance(Lease);
        Assert.False(backoff.Next().GivesWay);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(backoff.Next().GivesWay);
    }

    [Fact]
    public void An_answer_begins_the_outage_anew()
    {
        backoff.Next();
        time.Advance(10 * Lease);
        backoff.Reset();

        Assert.False(backoff.Next().GivesWay);
    }
}
