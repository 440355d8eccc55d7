using Microservices.Primitives;

namespace Microservices.Tests.Unit.Primitives;

public sealed class BackoffTests
{
    [Fact]
    public void Backoff_is_anything_from_a_millisecond_up_to_a_bound_that_doubles_up_to_its_cap_and_starts_anew_after_a_reset()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        var waits = Enumerable.Range(0, 8).Select(_ => new List<double>()).ToArray();
        for (var i = 0; i < 2_000; i++, backoff.Reset())
        {
            foreach (var nth in waits)
                nth.Add(backoff.Next().TotalMilliseconds);
        }

        // 2,000 evenly spread waits: their mean is within a tenth of the middle but for once in 10^12 runs.
        var bound = 100.0;
        foreach (var nth in waits)
        {
            Assert.All(nth, wait => Assert.InRange(wait, 1, bound));
            Assert.InRange(nth.Average(), 0.45 * bound, 0.55 * bound);
            bound = Math.Min(5000, bound * 2);
        }
    }

    [Fact]
    public void It_counts_the_failures_since_the_last_success()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2));
        for (var i = 0; i < 100; i++)
            backoff.Next();
        Assert.Equal(100, backoff.Failures);

        backoff.Reset();

        Assert.Equal(0, backoff.Failures);
    }

    [Fact]
    public void Jitter_spreads_evenly_between_its_bounds()
    {
        var minute = TimeSpan.FromMinutes(1);

        Spread(() => Jitter.UpTo(minute), 0, 60);
        Spread(() => Jitter.Shorten(minute), 48, 60);
        Spread(() => Jitter.Between(TimeSpan.FromSeconds(20), minute), 20, 60);

        // 10,000 of them: their mean is within a twentieth of the range but for once in 10^60 runs.
        static void Spread(Func<TimeSpan> next, double least, double most)
        {
            var seconds = Enumerable.Range(0, 10_000).Select(_ => next().TotalSeconds).ToList();
            Assert.All(seconds, s => Assert.InRange(s, least, most));
            Assert.InRange(seconds.Average(), ((least + most) / 2) - ((most - least) / 20), ((least + most) / 2) + ((most - least) / 20));
        }
    }
}
