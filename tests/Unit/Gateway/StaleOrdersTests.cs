using Microservices.Gateway;
using Microservices.Gateway.Overviews;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

public sealed class StaleOrdersTests
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void What_was_given_is_found_until_it_is_older_than_the_caller_or_the_gateway_allows()
    {
        var stale = Stale(new GatewayOptions { MaxStale = TimeSpan.FromSeconds(60) });
        stale.Keep("ada", 10, []);
        time.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(TimeSpan.FromSeconds(40), stale.Find("ada", 10, TimeSpan.FromSeconds(40))?.Age);
        Assert.Null(stale.Find("ada", 10, TimeSpan.FromSeconds(39)));
        Assert.Null(stale.Find("ada", 10, TimeSpan.Zero));
        Assert.Null(stale.Find("ada", 5, Long));
        time.Advance(TimeSpan.FromSeconds(21));
        Assert.Null(stale.Find("ada", 10, Long));
    }

    [Fact]
    public void What_is_given_again_is_young_again()
    {
        var stale = Stale(new GatewayOptions());
        stale.Keep("ada", 10, []);
        time.Advance(TimeSpan.FromSeconds(40));
        stale.Keep("ada", 10, []);

        Assert.Equal(TimeSpan.Zero, stale.Find("ada", 10, Long)?.Age);
    }

    [Fact]
    public void It_keeps_no_more_than_its_bound_and_what_was_given_last()
    {
        var stale = Stale(new GatewayOptions { MaxStaleEntries = 100 });
        for (var i = 0; i < 10_000; i++)
        {
            stale.Keep($"u{i}", 10, []);
            Assert.InRange(stale.Count, 0, 100);
        }

        Assert.All(Enumerable.Range(9_950, 50), i => Assert.NotNull(stale.Find($"u{i}", 10, Long)));
        Assert.Null(stale.Find("u1", 10, Long));
    }

    [Fact]
    public void A_bound_of_none_keeps_none()
    {
        var stale = Stale(new GatewayOptions { MaxStaleEntries = 0 });
        stale.Keep("ada", 10, []);
        Assert.Equal(0, stale.Count);
    }

    private StaleOrders Stale(GatewayOptions options) => new(Options.Create(options), time);
}
