using Microservices.Gateway;
using Microservices.Gateway.Overviews;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

public sealed class ResponseCacheTests
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void What_was_given_stands_in_until_it_is_older_than_the_caller_or_the_gateway_allows()
    {
        var known = Known(new GatewayOptions { MaxStale = TimeSpan.FromSeconds(60) });
        Keep(known, "ada", 10, Answer());
        time.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(TimeSpan.FromSeconds(40), known.FindStale("ada", 10, TimeSpan.FromSeconds(40))?.Age);
        Assert.Null(known.FindStale("ada", 10, TimeSpan.FromSeconds(39)));
        Assert.Null(known.FindStale("ada", 10, TimeSpan.Zero));
        Assert.Null(known.FindStale("ada", 5, Long));
        time.Advance(TimeSpan.FromSeconds(21));
        Assert.Null(known.FindStale("ada", 10, Long));
    }

    [Fact]
    public void It_is_known_by_its_etag_however_old_it_is()
    {
        var known = Known(new GatewayOptions());
        var (first, second) = (Answer(), Answer());
        Keep(known, "ada", 10, first);
        time.Advance(Long);
        Assert.Same(first, known.Find("ada", 10));
        Keep(known, "ada", 10, second);
        Assert.Same(second, known.Find("ada", 10));
        Assert.Null(known.Find("ada", 5));
        Assert.Null(known.Find("bob", 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_given_again_is_young_again(bool same)
    {
        var known = Known(new GatewayOptions());
        var answer = Answer();
        Keep(known, "ada", 10, answer);
        time.Advance(TimeSpan.FromSeconds(40));
        Keep(known, "ada", 10, same ? answer : Answer());

        Assert.Equal(TimeSpan.Zero, known.FindStale("ada", 10, Long)?.Age);
    }

    [Fact]
    public void It_keeps_no_more_than_its_bound_and_what_was_given_last()
    {
        const int answerBytes = 1_000;
        var known = Known(new GatewayOptions { MaxCachedBytes = 1_000_000 });
        var kept = Answer(answerBytes);
        for (var i = 0; i < 10_000; i++)
        {
            Keep(known, "ada", 10, kept);
            Keep(known, $"u{i}", 10, Answer(answerBytes));
            Assert.InRange(known.Count * answerBytes, 0, 1_000_000);
        }

        Assert.All(Enumerable.Range(9_950, 50), i => Assert.NotNull(known.Find($"u{i}", 10)));
        Assert.Same(kept, known.Find("ada", 10));
        Assert.Null(known.Find("u1", 10));
    }

    [Fact]
    public void One_that_changes_all_the_time_takes_no_more_room_than_one_that_does_not()
    {
        var known = Known(new GatewayOptions { MaxCachedBytes = 1_000_000 });
        var kept = Answer();
        Keep(known, "bob", 10, kept);
        for (var i = 0; i < 10_000; i++)
            Keep(known, "ada", 10, Answer(1_000));
        Assert.Same(kept, known.Find("bob", 10));
    }

    [Fact]
    public void A_bound_of_none_keeps_none()
    {
        var known = Known(new GatewayOptions { MaxCachedBytes = 0 });
        Keep(known, "ada", 10, Answer());
        Assert.Equal(0, known.Count);
    }

    private static Answer<string> Answer(int bytes = 10) => new("it", 1, bytes);

    private static void Keep(ResponseCache<string> known, string userId, int limit, Answer<string> answer) =>
        known.Keep(userId, limit, answer, known.AskedFrom(userId));

    private ResponseCache<string> Known(GatewayOptions options) => new(new(Options.Create(options), time), Options.Create(options), time);
}
