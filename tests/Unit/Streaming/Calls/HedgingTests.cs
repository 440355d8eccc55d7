using Microservices.Streaming.Calls;
using Microservices.Users.V1;

namespace Microservices.Tests.Unit.Streaming.Calls;

/// <summary>When a second copy of a call is sent, and when it is not.</summary>
public sealed class HedgingTests : IDisposable
{
    private readonly List<CallParts> made = [];

    public void Dispose() => made.ForEach(parts => parts.Dispose());

    [Fact]
    public void A_call_is_hedged_after_the_p95_at_another_replica_and_not_before()
    {
        var parts = Learned();
        var call = SendOne(parts);
        parts.Time.Advance(TimeSpan.FromMilliseconds(8));
        Assert.Null(call.Second);
        // The p95 of calls that take 10 ms is up to an eighth more.
        parts.Time.Advance(TimeSpan.FromMilliseconds(4));

        Assert.True(call.Second!.IsHedge);
        Assert.NotSame(call.First!.Stream.Replica, call.Second.Stream.Replica);
    }

    [Fact]
    public void An_answered_call_is_not_hedged()
    {
        var parts = Learned();
        var call = SendOne(parts);
        lock (parts.Gate)
            parts.Hedging.Forget(call);
        parts.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(call.Second);
    }

    [Fact]
    public void Without_a_second_replica_or_enough_answers_or_for_a_method_that_may_not_be_repeated_nothing_is_hedged()
    {
        foreach (var parts in new[] { Learned(replicas: 1), Learned(answers: 40), Learned(idempotent: false), Learned(budget: 0) })
        {
            var call = SendOne(parts);
            parts.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Null(call.Second);
        }
    }

    [Fact]
    public void Beyond_the_budget_calls_are_parked_and_the_slowest_has_what_is_earned()
    {
        // A hundred calls have earned five.
        var parts = Learned();
        var slow = new List<PendingCall<LookupUsersCall, LookupUsersResult>>();
        for (var i = 0; i < 10; i++)
        {
            slow.Add(SendOne(parts));
            parts.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        parts.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(slow.Take(5), slow.Where(call => call.Second is not null));

        for (var i = 0; i < 20; i++)
            SendOne(parts);
        Assert.Equal(slow.Take(6), slow.Where(call => call.Second is not null));
    }

    [Fact]
    public void Of_a_first_copy_that_a_hedge_overtook_it_is_learned_how_long_it_took_at_least()
    {
        var parts = Learned(budget: 1);
        for (var i = 0; i < 200; i++)
        {
            var call = SendOne(parts);
            parts.Time.Advance(TimeSpan.FromMilliseconds(100));
            lock (parts.Gate)
            {
                parts.SendAll();
                parts.Hedging.OnAnswered(call, call.Second ?? call.First!, parts.Time.GetTimestamp());
                parts.Hedging.Forget(call);
            }

            // Later ones are not: by then it has been learned.
            Assert.True(i > 5 || call.Second is not null);
        }

        var last = SendOne(parts);
        parts.Time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Null(last.Second);
        parts.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.NotNull(last.Second);
    }

    /// <summary>Parts that have seen answers which took 10 ms each.</summary>
    private CallParts Learned(int replicas = 2, int answers = 100, bool idempotent = true, double budget = 0.05)
    {
        var parts = new CallParts(budget, idempotent);
        made.Add(parts);
        lock (parts.Gate)
        {
            for (var i = 0; i < replicas; i++)
                parts.AddStream(credit: 10_000);
        }

        var calls = Enumerable.Range(0, answers).Select(_ => SendOne(parts)).ToList();
        parts.Time.Advance(TimeSpan.FromMilliseconds(10));
        lock (parts.Gate)
        {
            foreach (var call in calls)
            {
                parts.Hedging.OnAnswered(call, call.First!, parts.Time.GetTimestamp());
                parts.Hedging.Forget(call);
            }
        }

        return parts;
    }

    private static PendingCall<LookupUsersCall, LookupUsersResult> SendOne(CallParts parts)
    {
        lock (parts.Gate)
        {
            var call = parts.Place();
            parts.SendAll();
            return call;
        }
    }
}
