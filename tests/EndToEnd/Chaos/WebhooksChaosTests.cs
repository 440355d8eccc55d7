using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>Webhooks loses nothing, repeats what was under way at most, and keeps the order, whatever happens to its replicas and to Redis.</summary>
public sealed class WebhooksChaosTests(ITestOutputHelper print)
{
    private const int Users = 20;
    private const double OrdersPerUserPerSecond = 1;
    private const int Waves = 5;

    [FactNeeding(Need.RedisServer, Need.PostgreSql, Need.FakeTime)]
    public async Task Replicas_killed_stopped_and_with_clocks_stepped_lose_nothing_and_repeat_what_was_under_way_at_most()
    {
        await using var postgres = await PostgresServer.StartAsync();
        using var clock = new SteppedClock();
        await using var suite = await WebhooksUnderTest.StartAsync(postgres, Users, null, clock);
        await RunAsync(suite, [new Killed(), new Stopped(WebhooksUnderTest.Lease)], [new Killed(), new Stopped(WebhooksUnderTest.Lease), new ClockStepped(clock)]);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task One_replica_on_SQLite_killed_and_stopped_loses_nothing_and_repeats_what_was_under_way_at_most()
    {
        await using var suite = await WebhooksUnderTest.StartAsync(null, Users, [null]);
        await RunAsync(suite, [new Killed(), new Stopped(WebhooksUnderTest.Lease)]);
    }

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task Without_Redis_for_a_while_nothing_is_lost_or_repeated_and_it_goes_on()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var suite = await WebhooksUnderTest.StartAsync(postgres, Users, null, null);
        using var enough = new CancellationTokenSource();
        var ordering = suite.Orders.RunAsync(suite.Users, OrdersPerUserPerSecond, enough.Token);
        await Eventually.UntilAsync(() => suite.Ledger.Effects.Count > 100, "messages arrive");

        suite.Redis.Kill();
        var (before, began) = (suite.Ledger.Effects.Count, TimeProvider.System.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(Math.Max(10, RandomFaults.Duration.TotalSeconds / 2)));
        var without = suite.Ledger.Effects.Count - before;
        await suite.Redis.StartAgainAsync();
        var back = TimeProvider.System.GetTimestamp();
        var asked = suite.Ledger.Now;
        await Eventually.UntilAsync(() => suite.Ledger.HasTakenOneAskedAfter(asked), "what happens with Redis back is delivered");
        var goesOn = TimeProvider.System.GetElapsedTime(back);
        await enough.CancelAsync();
        await ordering;

        print.WriteLine($"Redis away for {TimeProvider.System.GetElapsedTime(began, back).TotalSeconds:0.0} s: {without} messages meanwhile, going on {goesOn.TotalSeconds:0.00} s after it was back");
        await CheckAsync(suite);
        Assert.Empty(suite.Ledger.Repeated);
        Assert.True(without > 0, "nothing was delivered without Redis");
        // Ten times what is promised.
        Assert.InRange(goesOn, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    private async Task RunAsync(WebhooksUnderTest suite, params Fault[][] faults)
    {
        print.WriteLine($"CHAOS_SEED={RandomFaults.Seed} CHAOS_SECONDS={RandomFaults.Duration.TotalSeconds:0}");
        using var enough = new CancellationTokenSource();
        var ordering = suite.Orders.RunAsync(suite.Users, OrdersPerUserPerSecond, enough.Token);
        var chaos = new RandomFaults();
        await chaos.RunAsync([.. suite.Replicas.Zip(faults)], suite.LookAsync);
        await enough.CancelAsync();
        await ordering;
        print.WriteLine(string.Join(", ", chaos.Inflicted.GroupBy(f => f).Select(f => $"{f.Count()} x {f.Key}")));

        await CheckAsync(suite);
        Assert.NotEmpty(chaos.Inflicted);
    }

    private async Task CheckAsync(WebhooksUnderTest suite)
    {
        var ledger = suite.Ledger;
        await UntilAllHasArrivedAsync(ledger);
        suite.Refuses = false;
        // The last change about each user has nobody after it who would have it noticed.
        for (var wave = 0; wave < Waves && ledger.Lost.Count == 0; wave++)
        {
            await Task.WhenAll(suite.Users.Select((user, i) => suite.Orders.LiveAsync(user, new Random(RandomFaults.Seed + (wave * Users) + i))));
            await UntilAllHasArrivedAsync(ledger);
        }

        await Eventually.UntilAsync(suite.IsQuietAsync, "nothing is pending");
        var (ahead, disorder, uncaused) = (await suite.AheadOfTruthAsync(), suite.Ordered.SelectMany(ledger.OutOfOrder).ToList(), ledger.RepeatedWithoutCause(WebhooksUnderTest.MostUnrecorded));
        print.WriteLine($"{suite.Orders.Count} orders, {ledger.Wanted} deliveries, {ledger.Effects.Count} messages; lost {ledger.Lost.Count}, unasked {ledger.Unasked.Count}, "
            + $"repeated {ledger.Repeated.Count} with {ledger.InFlight} in flight at the faults, of them without a cause {uncaused.Count}, out of order {disorder.Count}, watermarks ahead {ahead.Count}");
        foreach (var wrong in (IEnumerable<object>)[.. ledger.Lost, .. ledger.Unasked, .. disorder, .. ahead, .. uncaused])
            print.WriteLine($"{wrong}");
        if (uncaused.Count > 0 || ledger.Lost.Count > 0)
            print.WriteLine(string.Join("\n", suite.Replicas.Select(r => r.Output)));
        Assert.Empty(ledger.Lost);
        Assert.Empty(ledger.Unasked);
        Assert.Empty(disorder);
        Assert.Empty(ahead);
        Assert.Empty(uncaused);
    }

    private static async Task UntilAllHasArrivedAsync(EffectLedger ledger)
    {
        try
        {
            await Eventually.UntilAsync(() => ledger.Lost.Count == 0, "all has arrived");
        }
        catch (TimeoutException)
        {
            // What is missing is said below.
        }
    }
}
