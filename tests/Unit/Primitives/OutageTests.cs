using Microservices.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Primitives;

public sealed class OutageTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Outage outage;

    public OutageTests() => outage = new(time);

    [Fact]
    public void What_goes_without_a_word_is_told_of_at_once_and_only_once()
    {
        Assert.True(outage.Begin(isExpected: false));

        time.Advance(Outage.Grace * 2);

        Assert.False(outage.Begin(isExpected: false));
        Assert.False(outage.Begin());
        Assert.Equal(Outage.Grace * 2, outage.End());
    }

    [Fact]
    public void What_is_not_up_yet_is_told_of_only_when_it_stays_away()
    {
        Assert.False(outage.Begin());
        time.Advance(Outage.Grace - TimeSpan.FromMilliseconds(1));
        Assert.False(outage.Begin());
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(outage.Begin());
        Assert.False(outage.Begin());
        Assert.Equal(Outage.Grace, outage.End());
    }

    [Fact]
    public void What_has_said_that_it_leaves_is_expected_to_break_off()
    {
        Assert.False(outage.Begin());
        Assert.False(outage.Begin(isExpected: false));
    }

    [Fact]
    public void What_is_back_within_the_grace_was_never_away()
    {
        Assert.Null(outage.End());
        Assert.False(outage.Begin());
        time.Advance(Outage.Grace / 2);
        Assert.Null(outage.End());

        time.Advance(Outage.Grace);

        Assert.False(outage.Begin());
        Assert.Null(outage.End());
        Assert.True(outage.Begin(isExpected: false));
    }
}
