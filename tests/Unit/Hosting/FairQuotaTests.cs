using System.Diagnostics;
using System.Net;
using Microservices.Hosting.Admission;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>A quota of 16, of which 4 are a caller's share.</summary>
public sealed class FairQuotaTests
{
    private readonly FairQuota quota = new("things", 16, NullLogger.Instance);
    private readonly List<string> cut = [];

    [Fact]
    public void One_that_holds_everything_loses_its_oldest_to_others_until_its_share_is_left()
    {
        var greedy = Enumerable.Range(0, 8).Select(i => Hold("greedy", 2, $"{i}")).ToArray();
        Assert.False(Begin("greedy").TryTake(1));
        Assert.Empty(cut);

        using var first = Hold("good", 3, "good");
        Assert.Equal(["0", "1"], cut);
        foreach (var other in (string[])["b", "c", "d"])
            Hold(other, 3, other);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], cut);
        Assert.Equal((16, 6, 1), (quota.Taken, quota.CutOff, quota.Refused));

        // Nobody has more than a share now.
        Assert.False(Begin("e").TryTake(1));
        Assert.Equal(6, cut.Count);
        Assert.False(greedy[0].TryTake(1));
    }

    [Fact]
    public void A_caller_that_would_hold_as_much_as_the_one_that_holds_the_most_takes_nothing_from_it()
    {
        Hold("a", 8, "a");
        Hold("b", 7, "b");
        Assert.False(Begin("b").TryTake(2));
        Assert.False(Begin("c").TryTake(8));
        Assert.Empty(cut);
        Assert.True(Begin("b").TryTake(1));
    }

    [Fact]
    public void Among_the_connections_of_one_caller_the_one_that_holds_the_most_loses_its_oldest_to_one_that_would_hold_less()
    {
        Hold("proxy", 6, "1st", "greedy");
        Hold("proxy", 6, "2nd", "greedy");
        Hold("proxy", 4, "3rd", "modest");
        Assert.True(Begin("proxy", "good").TryTake(5));
        Assert.Equal(["1st"], cut);
        Assert.False(Begin("proxy", "late").TryTake(6));
        Assert.False(Begin("proxy", "greedy").TryTake(2));
        Assert.Equal(["1st"], cut);
    }

    [Fact]
    public void What_was_cut_off_or_ended_gives_back_what_it_held_once()
    {
        var lost = Hold("a", 16, "a");
        using (var other = Hold("b", 2, "b"))
        {
            Assert.Equal(["a"], cut);
            Assert.Equal(2, quota.Taken);
            lost.GiveBack(16);
            lost.Dispose();
            Assert.Equal(2, quota.Taken);
            other.GiveBack(1);
            Assert.Equal(1, quota.Taken);
        }

        Assert.Equal(0, quota.Taken);
        Assert.True(Begin("c").TryTake(16));
    }

    [Fact]
    public void A_hold_takes_no_more_than_it_may_and_nothing_takes_more_than_there_is()
    {
        Hold("a", 16, "a");
        Assert.False(quota.Begin("b", "b", () => cut.Add("b"), max: 1).TryTake(2));
        Assert.Equal(0, quota.Refused);
        Assert.False(Begin("b").TryTake(17));
        Assert.Empty(cut);
    }

    [Fact]
    public async Task Whatever_is_taken_given_back_cut_off_and_ended_at_once_nothing_is_held_in_the_end()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 20_000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            using var hold = quota.Begin($"{i % 5}", $"{i % 13}", () => Assert.InRange(quota.Taken, 0, 16));
            for (var amount = 1; amount < 5; amount++)
            {
                if (hold.TryTake(amount) && i % 3 == 0)
                    hold.GiveBack(1);
            }

            Assert.InRange(quota.Taken, 0, 16);
            await Task.Yield();
        });
        Assert.Equal(0, quota.Taken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void However_many_hold_something_a_good_caller_that_needs_room_waits_about_as_long(bool ofOneCaller)
    {
        const int Few = 20;
        const int Many = 20_000;
        var best = new Dictionary<int, TimeSpan> { [Few] = TimeSpan.MaxValue, [Many] = TimeSpan.MaxValue };
        for (var round = 0; round < 5; round++)
        {
            foreach (var holders in (int[])[Few, Many])
            {
                var took = TimeToMakeRoom(holders, ofOneCaller);
                best[holders] = took < best[holders] ? took : best[holders];
            }
        }

        // A thousand times as many: a look at each of them would take about as many times as long.
        Assert.True(best[Many] < best[Few] * 30, $"{best[Few]} beside {Few}, {best[Many]} beside {Many}");
    }

    [Theory]
    [InlineData("10.1.2.3", "::ffff:10.1.2.3", true)]
    [InlineData("2001:db8:1:2:3::4", "2001:db8:1:2:5:6:7:8", true)]
    [InlineData("2001:db8:1:2::4", "2001:db8:1:3::4", false)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    public void Addresses_that_one_caller_has_are_one(string one, string other, bool same) =>
        Assert.Equal(same, Caller.AddressOf(IPAddress.Parse(one)).Equals(Caller.AddressOf(IPAddress.Parse(other))));

    // Everything is taken, by the connections of one caller, or half of it by as many callers. A good one takes ten, each of which somebody has to lose;
    // and ten times a look shows that nobody has to.
    private static TimeSpan TimeToMakeRoom(int holders, bool ofOneCaller)
    {
        var full = new FairQuota("things", 2 * holders, NullLogger.Instance);
        for (var i = 0; i < 2 * holders; i++)
            Assert.True(full.Begin(ofOneCaller || i < holders ? "flood" : $"{i}", $"{i}", () => { }).TryTake(1));
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 10; i++)
        {
            Assert.True(full.Begin("good", $"good{i}", () => { }).TryTake(1));
            Assert.False(full.Begin("flood", $"late{i}", () => { }).TryTake(1));
        }

        Assert.Equal(10, full.CutOff);
        return watch.Elapsed;
    }

    private QuotaHold Begin(string caller, string? connection = null) => quota.Begin(caller, connection ?? caller, () => cut.Add(caller));

    private QuotaHold Hold(string caller, int amount, string name, string? connection = null)
    {
        var hold = quota.Begin(caller, connection ?? caller, () => cut.Add(name));
        Assert.True(hold.TryTake(amount));
        return hold;
    }
}
