using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>The small parts that call streams are made of.</summary>
public sealed class PartsTests
{
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
    public void Two_calls_are_compared_without_their_ids_and_stay_as_they_are()
    {
        var comparer = new FlightKeyComparer<LookupUsersCall>();
        LookupUsersCall sent = new() { UserId = "ada", CallId = 7, TimeoutMs = 70, PrincipalId = 1 }, same = new() { UserId = "ada" }, other = new() { UserId = "bob", CallId = 8, TimeoutMs = 80 };

        Assert.True(comparer.Equals(Key(sent), Key(same)));
        Assert.True(comparer.Equals(Key(same), Key(sent)));
        Assert.False(comparer.Equals(Key(sent), Key(other)));
        Assert.False(comparer.Equals(Key(other), Key(sent)));
        Assert.False(comparer.Equals(Key(sent), Key(same) with { Token = "p" }));
        Assert.Equal([(7ul, 70u), (0ul, 0u), (8ul, 80u)], new[] { sent, same, other }.Select(call => (call.CallId, call.TimeoutMs)));

        // Hashes that happen to be equal.
        static FlightKey<LookupUsersCall> Key(LookupUsersCall call) => new(call, null, 1);
    }
}
