using System.Diagnostics;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Streams;

/// <summary>
/// Event streams that live for many times as long as their tokens, under load: a thousand for five minutes with tokens of 20 s and SUITE_SOAK=1, else fewer, for
/// less long, with shorter ones.
/// </summary>
public sealed class RenewedStreamsTests(ITestOutputHelper print)
{
    private const int OrdersPerSecond = 100;
    private static readonly bool Soak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";
    private static readonly int Users = Soak ? 1_000 : 100;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(Soak ? 20 : 10);
    private static readonly TimeSpan Load = Soak ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(40);

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task Streams_that_show_newer_tokens_are_never_opened_again_and_lose_nothing()
    {
        await using var suite = await OrdersUnderTest.StartAsync();
        var users = await OrderLoad.NewUsersAsync(suite.UsersAddress, Users);
        var tokens = new ShortTokens();
        await using var client = OrdersUnderTest.ClientOf(suite.Replicas.Select(r => r.Address), tokens.GetAsync);
        using var over = new CancellationTokenSource();
        var watchers = users.Select(user => OrderWatcher.Start(client.GetRequiredService<EventStreamClient<OrderEvent>>(), new Subscription { Key = user, FromEarliest = true }, over.Token)).ToArray();
        await Eventually.UntilAsync(() => watchers.All(w => w.Streams > 0), "all have subscribed");

        using var enough = new CancellationTokenSource(Load);
        var load = new OrderLoad([.. suite.Replicas.Select(r => r.Address)], users);
        await load.RunAsync(OrdersPerSecond, enough.Token);
        await Eventually.UntilAsync(() => watchers.Sum(w => w.Count) >= load.Placed.Count, "all have everything");
        await over.CancelAsync();
        await Task.WhenAll(watchers.Select(w => w.Reading));
        print.WriteLine($"{watchers.Length} streams, {load.Placed.Count} orders, {tokens.Made} tokens of {Lifetime.TotalSeconds:0} s; opened again {watchers.Sum(w => w.Streams - 1)}, resets {watchers.Sum(w => w.Resets)}");

        Assert.True(load.Placed.Count > OrdersPerSecond * Load.TotalSeconds / 2, $"{load.Placed.Count} orders were placed");
        Assert.InRange(tokens.Made, 3, int.MaxValue);
        Assert.All(watchers, w => Assert.Equal((1, 0), (w.Streams, w.Resets)));
        Assert.All(watchers, w => Assert.Equal(load.Placed.Where(p => p.Value == w.UserId).Select(p => $"{p.Key}.1").Order(), w.Events.Order()));
    }

    /// <summary>An operator's tokens, each given until 80 % of its lifetime are over.</summary>
    private sealed class ShortTokens
    {
        private readonly Lock gate = new();
        private long since;
        private string token = "";

        public int Made { get; private set; }

        public ValueTask<string> GetAsync(CancellationToken cancellationToken)
        {
            lock (gate)
            {
                if (Made == 0 || Stopwatch.GetElapsedTime(since) > 0.8 * Lifetime)
                    (token, since, Made) = (Tokens.Authority.Operator(lifetime: Lifetime), Stopwatch.GetTimestamp(), Made + 1);
                return new(token);
            }
        }
    }
}
