using FsCheck.Xunit;
using Microservices.Gateway.Limits;

namespace Microservices.Tests.Unit.Gateway.Limits;

/// <summary>A limit of 10 requests a second and 40 at once, of which a replica may be 2 ahead of Redis; time is given.</summary>
public sealed class RateCellTests
{
    private const long Millisecond = 1_000_000;
    private static readonly RatePolicy Policy = new("user", Rate: 10, Burst: 40);

    [Property(MaxTest = 300)]
    public bool Alone_it_lets_through_what_a_bucket_that_fills_up_does((byte Gap, byte Requests)[] steps)
    {
        var cell = new RateCell(Policy);
        var (now, tokens) = (0L, (decimal)Policy.Burst);
        foreach (var (gap, asked) in steps)
        {
            now += gap * 7 * Millisecond;
            tokens = Math.Min(Policy.Burst, tokens + (gap * 7 * Policy.Rate / 1000m));
            var requests = (asked % 8) + 1;
            var fits = tokens >= requests;
            var decision = cell.Take(now, requests, isShared: false);
            if (fits != (decision.Outcome == RateOutcome.Taken))
                return false;
            if (fits)
                tokens -= requests;
            // What is unpaid is what the bucket lacks, and whoever waits as long as it says has room.
            if (decision.Unpaid != (long)((Policy.Burst - tokens) * 100 * Millisecond))
                return false;
            if (!fits && (decision.Wait <= 0 || cell.Look(now + decision.Wait, requests).Outcome != RateOutcome.Taken || cell.Look(now + decision.Wait - 1, requests).Outcome != RateOutcome.Refused))
                return false;
        }

        return true;
    }

    /// <summary>Replicas report after any time, and Redis is what counts all of it: no window has more than the guarantee, whoever asks whom.</summary>
    [Property(MaxTest = 500)]
    public bool Replicas_together_let_through_no_more_than_they_guarantee((byte Replica, byte Gap, byte Requests, bool Answers)[] steps)
    {
        const int Replicas = 4;
        var replicas = Enumerable.Range(0, Replicas).Select(_ => new Replica()).ToArray();
        var (now, arrival) = (0L, 0L);
        var taken = new List<(long At, int Requests)>();
        // Each step a few times, so that the limit is reached.
        foreach (var (which, gap, asked, answers) in steps.SelectMany(step => Enumerable.Repeat(step, 20)))
        {
            now += gap % 40 * Millisecond;
            var replica = replicas[which % Replicas];
            var requests = (asked % Policy.Slice) + 1;
            if (answers || replica.Cell.Take(now, requests, isShared: true) is not { Outcome: not RateOutcome.Unknown } decision)
                replica.Answer(now, ref arrival);
            else if (decision.Outcome == RateOutcome.Taken)
                taken.Add((now, requests));
            replica.Tell();
        }

        for (var from = 0; from < taken.Count; from++)
        {
            var sum = 0;
            for (var to = from; to < taken.Count; to++)
            {
                sum += taken[to].Requests;
                if (sum > Policy.Burst + ((taken[to].At - taken[from].At) * Policy.Rate / 1_000_000_000.0) + (Replicas * Policy.Slice) + 1e-6)
                    return false;
            }
        }

        return true;
    }

    [Fact]
    public void What_was_above_the_limit_is_paid_off()
    {
        var cell = new RateCell(Policy);
        Assert.Equal(RateOutcome.Taken, cell.Take(0, 1, isShared: true).Outcome);
        var told = cell.BeginReport(isWaitedFor: true);
        // Others have made more than the burst, together.
        cell.EndReport(0, told, Policy.Tolerance + Policy.CostOf(5));

        var refused = cell.Take(0, 1, isShared: true);
        Assert.Equal((RateOutcome.Refused, Policy.CostOf(6)), (refused.Outcome, refused.Wait));
        Assert.Equal(RateOutcome.Taken, cell.Take(Policy.CostOf(6), 1, isShared: true).Outcome);
        Assert.Equal(RateOutcome.Refused, cell.Take(Policy.CostOf(6), 1, isShared: true).Outcome);
    }

    [Fact]
    public void No_more_than_a_slice_is_let_through_before_Redis_has_answered_and_without_it_the_limit_holds_here()
    {
        var cell = new RateCell(Policy);
        Assert.All(Enumerable.Range(0, Policy.Slice), _ => Assert.Equal(RateOutcome.Taken, cell.Take(0, 1, isShared: true).Outcome));
        Assert.Equal(RateOutcome.Unknown, cell.Take(0, 1, isShared: true).Outcome);
        Assert.Equal(Policy.Slice, cell.BeginReport(isWaitedFor: true));
        Assert.Equal(0, cell.BeginReport(isWaitedFor: true));
        var reported = cell.Reported;
        Assert.False(reported.IsCompleted);

        cell.EndReport(0, Policy.Slice, unpaid: null);
        Assert.True(reported.IsCompleted);
        Assert.All(Enumerable.Range(Policy.Slice, Policy.Burst - Policy.Slice), _ => Assert.Equal(RateOutcome.Taken, cell.Take(0, 1, isShared: false).Outcome));
        Assert.Equal(RateOutcome.Refused, cell.Take(0, 1, isShared: false).Outcome);
    }

    private sealed class Replica
    {
        private int told;

        public RateCell Cell { get; } = new(Policy);

        public void Tell()
        {
            if (told == 0)
                told = Cell.BeginReport(isWaitedFor: true);
        }

        // As the script does it.
        public void Answer(long now, ref long arrival)
        {
            if (told == 0)
                return;
            arrival = Math.Min(Math.Max(arrival, now) + Policy.CostOf(told), now + (2 * Policy.Tolerance));
            Cell.EndReport(now, told, arrival - now);
            told = 0;
        }
    }
}
