using Microservices.Streaming.Calls;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

/// <summary>The limit before a backend with a bounded number of workers, by a clock that the test moves.</summary>
public sealed class OverloadTests
{
    private readonly FakeTimeProvider time = new();
    private readonly DateTimeOffset start;

    public OverloadTests() => start = time.GetUtcNow();

    [Fact]
    public void Under_three_times_the_load_that_can_be_borne_goodput_stays_at_its_peak_and_admitted_calls_take_at_most_twice_as_long()
    {
        // A backend of 32 workers, each taking 50 ms a call, first come first served: at its peak 640 calls a second.
        const double Service = 50;
        const int Workers = 32;
        const double Peak = Workers / Service;
        var limit = new ConcurrencyLimit(8, 1024, time);
        var free = new PriorityQueue<double, double>(Enumerable.Repeat((0.0, 0.0), Workers));
        var underWay = new PriorityQueue<double, double>();
        var (refused, mostInFlight, latencies) = (0, 0, new List<double>());

        // A quiet time first, to learn what is usual; then 120 s of overload, of which all but the first 10 s count.
        Offer(0, 20_000, Peak / 4);
        Offer(20_000, 30_000, 3 * Peak);
        (refused, latencies, mostInFlight) = (0, [], 0);
        Offer(30_000, 140_000, 3 * Peak);

        latencies.Sort();
        Assert.InRange(latencies.Count / (110_000 * Peak), 0.9, 1.01);
        Assert.InRange(latencies[(int)(latencies.Count * 0.99)], Service, 2 * Service);
        Assert.InRange(mostInFlight, Workers, 128);
        Assert.InRange(refused / (110_000 * Peak), 1.9, 2.2);

        void Offer(double from, double until, double rate)
        {
            for (var now = from; now < until; now += 1 / rate)
            {
                while (underWay.TryPeek(out var latency, out var done) && done <= now)
                {
                    underWay.Dequeue();
                    AdvanceTo(done);
                    limit.Answered(TimeSpan.FromMilliseconds(latency));
                    latencies.Add(latency);
                }

                AdvanceTo(now);
                if (!limit.TryEnter())
                {
                    refused++;
                    continue;
                }

                mostInFlight = Math.Max(mostInFlight, limit.InFlight);
                var end = Math.Max(now, free.Dequeue()) + Service;
                free.Enqueue(end, end);
                underWay.Enqueue(end - now, end);
            }
        }

        void AdvanceTo(double milliseconds)
        {
            var at = DateTimeOffset.UnixEpoch.AddMilliseconds(milliseconds) + (start - DateTimeOffset.UnixEpoch);
            if (at > time.GetUtcNow())
                time.SetUtcNow(at);
        }
    }
}
