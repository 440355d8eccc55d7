using Microservices.Streaming.Calls;

namespace Microservices.Tests.Unit.Streaming;

public sealed class UserSharesTests
{
    private const int Most = 64;

    private readonly ConcurrencyLimit limit = new(Most, Most, TimeProvider.System);

    [Fact]
    public void A_user_alone_has_three_quarters_and_any_other_finds_room_beside()
    {
        var shares = new UserShares(limit);

        Assert.Equal(48, Enter(shares, "greedy", Most));
        Assert.True(shares.TryEnter("ada"));
        Assert.True(shares.TryEnter("bob"));
        Assert.Equal(50, limit.InFlight);
    }

    [Fact]
    public void Two_that_are_greedy_leave_room_and_nobodys_calls_have_all_of_it()
    {
        var shares = new UserShares(limit);

        Assert.Equal(48, Enter(shares, "greedy", Most));
        Assert.Equal(2, Enter(shares, "greedy too", Most));
        Assert.True(shares.TryEnter("ada"));
        Assert.Equal(13, Enter(shares, null, Most));
        Assert.False(shares.TryEnter("bob"));
    }

    [Fact]
    public void What_has_ended_makes_room_for_the_same_user()
    {
        var shares = new UserShares(limit);
        Enter(shares, "greedy", Most);

        for (var i = 0; i < 48; i++)
            Leave(shares, "greedy");

        Assert.Equal(0, limit.InFlight);
        Assert.Equal(48, Enter(shares, "greedy", Most));
    }

    [Fact]
    public async Task Whoever_comes_and_goes_at_once_in_the_end_nothing_is_in_flight()
    {
        var shares = new UserShares(limit);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                var user = $"user{(worker + i) % 3}";
                if (shares.TryEnter(user))
                    Leave(shares, user);
            }
        })));

        Assert.Equal(0, limit.InFlight);
        Assert.Equal(48, Enter(shares, "user0", Most));
    }

    private static int Enter(UserShares shares, string? user, int calls) => Enumerable.Range(0, calls).Count(_ => shares.TryEnter(user));

    private void Leave(UserShares shares, string? user)
    {
        limit.Ignored();
        shares.Exit(user);
    }
}
