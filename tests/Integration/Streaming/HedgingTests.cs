using System.Collections.Concurrent;
using System.Diagnostics;
using Microservices.Streaming.Calls;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A second copy of a slow call, within its budget.</summary>
public sealed class HedgingTests
{
    private static readonly CallSettings Unshared = new() { Unshared = true };

    [Fact]
    public async Task A_few_slow_calls_are_hedged_and_the_second_copy_answers()
    {
        await using var first = await UsersHost.StartAsync();
        await using var second = await UsersHost.StartAsync();
        await using var client = new UsersClient([first, second]);
        await WarmUpAsync(client, 2000);
        var (copies, slowness) = (0, TimeSpan.FromSeconds(5));
        first.Backend.Handle = second.Backend.Handle = async (batch, token) =>
        {
            // The first copy is never answered; only a hedge can be.
            if (batch[0].Message.UserId == "slow" && Interlocked.Increment(ref copies) == 1)
                await Task.Delay(Timeout.Infinite, token);
            batch.AnswerEach(Backend.AnswerTo);
        };

        Assert.Equal("slow", (await client.LookupAsync("slow")).UserId);

        Assert.True(client.Counter("hedges.won") > 0);
        await Eventually.UntilAsync(() => client.Calls.Count == 0, "the loser is cancelled and answered");
    }

    [Fact]
    public async Task With_one_call_in_a_hundred_slow_hedging_keeps_the_p99_low_within_its_budget()
    {
        await using var first = await UsersHost.StartAsync(options: ("MaxConcurrentBatches", "100"));
        await using var second = await UsersHost.StartAsync(options: ("MaxConcurrentBatches", "100"));
        await using var client = new UsersClient([first, second]);
        await WarmUpAsync(client, 1000);
        var (copies, slowness) = (0, TimeSpan.FromSeconds(5));
        first.Backend.Handle = second.Backend.Handle = async (batch, token) =>
        {
            // Every hundredth copy of a call is slow, the others of its batch are not.
            var slow = new List<BatchedCall<LookupUsersCall, LookupUsersResult>>();
            foreach (var call in batch)
            {
                if (Interlocked.Increment(ref copies) % 100 == 0)
                    slow.Add(call);
                else
                    call.Answer(Backend.AnswerTo(call.Message));
            }

            if (slow.Count > 0)
                await Task.Delay(slowness, token);
            slow.ForEach(call => call.Answer(Backend.AnswerTo(call.Message)));
        };
        var latencies = new ConcurrentBag<TimeSpan>();

        await Parallel.ForEachAsync(Enumerable.Range(0, 5000), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, token) =>
        {
            var started = Stopwatch.GetTimestamp();
            await client.LookupAsync($"u{i}", Unshared, token);
            latencies.Add(Stopwatch.GetElapsedTime(started));
        });

        // Without hedges it is what the slow ones take.
        Assert.InRange(latencies.Order().ElementAt(4950), TimeSpan.Zero, slowness);
        Assert.InRange(client.Counter("hedges.won"), 10, 300);
        Assert.InRange(client.Counter("hedges"), 10, client.Counter("calls/OK") * 5 / 100);
    }

    [Fact]
    public async Task Hedging_stays_within_its_budget_even_if_every_call_is_slow()
    {
        await using var first = await UsersHost.StartAsync();
        await using var second = await UsersHost.StartAsync();
        await using var client = new UsersClient([first, second]);
        await WarmUpAsync(client, 1000);
        first.Backend.Handle = second.Backend.Handle = async (batch, token) =>
        {
            await Task.Delay(100, token);
            batch.AnswerEach(Backend.AnswerTo);
        };

        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), new ParallelOptions { MaxDegreeOfParallelism = 200 },
            async (i, token) => await client.LookupAsync($"u{i}", Unshared, token));

        var calls = client.Counter("calls/OK");
        Assert.Equal(3000, calls);
        Assert.InRange(client.Counter("hedges"), 1, calls * 5 / 100);
    }

    private static async Task WarmUpAsync(UsersClient client, int calls)
    {
        for (var i = 0; i < calls; i++)
            await client.LookupAsync($"warm{i}");
    }
}
