using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microservices.EventLog;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Two gateways with one Redis, whose users have 200 requests at once, and then one a second: each may be 10 ahead of the other.</summary>
public sealed class SharedLimitTests : IAsyncLifetime, IDisposable
{
    private const int Burst = 200;
    private const int Slice = Burst / 20;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly GatewayFixture backends = new();
    private RedisServer? redis;
    private GatewayFactory[] gateways = [];

    public async Task InitializeAsync()
    {
        if (Needs.WhyNot(Need.RedisServer) is not null)
            return;
        redis = await RedisServer.StartAsync();
        await backends.InitializeAsync();
        gateways = [Gateway(), Gateway()];
        await ConnectedAsync();

        GatewayFactory Gateway() => backends.AnotherGateway(
            ("ConnectionStrings:Redis", redis.ConnectionString), ("Limits:UserRate", "1"), ("Limits:UserBurst", $"{Burst}"), ("Limits:RedisTimeout", "00:00:30"));
    }

    public async Task DisposeAsync()
    {
        foreach (var gateway in gateways)
            await gateway.DisposeAsync();
        if (redis is null)
            return;
        await backends.DisposeAsync();
        await redis.DisposeAsync();
    }

    public void Dispose() => backends.Dispose();

    [FactNeeding(Need.RedisServer)]
    public async Task Together_they_let_through_no_more_than_one_would_and_what_each_may_be_ahead()
    {
        var watch = Stopwatch.StartNew();
        var answers = await AskAsync("ada", 2 * Burst);

        Assert.InRange(answers.Count(status => status == HttpStatusCode.OK), Burst - 1, Burst + watch.Elapsed.TotalSeconds + (2 * Slice));
        Assert.All(answers, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{status}"));
        // Another one is as free as ever.
        Assert.All(await AskAsync("bob", Slice), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Without_Redis_each_holds_the_limit_by_itself_and_nobody_gets_an_error()
    {
        var answers = new ConcurrentBag<HttpStatusCode>();
        var watch = Stopwatch.StartNew();
        var load = Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            foreach (var status in await AskAsync("ada", 2 * Burst / 8))
                answers.Add(status);
            // Each goes on with users of its own.
            for (var i = 0; i < 5; i++)
            {
                foreach (var status in await AskAsync($"{worker}-{i}", Slice))
                    answers.Add(status);
            }
        }));
        redis!.Kill();
        await load;

        Assert.All(answers, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{status}"));
        Assert.InRange((await AskAsync("carol", 2 * Burst)).Count(status => status == HttpStatusCode.OK), (2 * Burst) - 2, 2 * (Burst + watch.Elapsed.TotalSeconds));
        Assert.Contains(HttpStatusCode.TooManyRequests, await AskAsync("carol", Slice));

        // And together again when it is back.
        await redis.StartAgainAsync();
        await ConnectedAsync();
        await Eventually.UntilAsync(async () =>
        {
            var again = Stopwatch.StartNew();
            var served = (await AskAsync($"{Guid.NewGuid():N}", 2 * Burst)).Count(status => status == HttpStatusCode.OK);
            return served <= Burst + again.Elapsed.TotalSeconds + (2 * Slice);
        }, "both count in Redis again");
    }

    /// <summary>This many requests of a user at each.</summary>
    private async Task<List<HttpStatusCode>> AskAsync(string user, int requests)
    {
        var answers = await Task.WhenAll(gateways.Select(async gateway =>
        {
            using var client = LimitedClient.Of(gateway, user);
            var each = await Task.WhenAll(Enumerable.Range(0, 4).Select(async part =>
            {
                var statuses = new List<HttpStatusCode>();
                for (var i = part; i < requests; i += 4)
                    statuses.Add((await client.GetAsync($"/v1/users/{user}/overview")).StatusCode);
                return statuses;
            }));
            return each.SelectMany(one => one);
        }));
        return [.. answers.SelectMany(one => one)];
    }

    private async Task ConnectedAsync()
    {
        foreach (var gateway in gateways)
            await Eventually.UntilAsync(async () => await gateway.Services.GetRequiredService<SharedRates>().ChargeAsync("nobody", TimeSpan.Zero, Second, Second) is not null, "Redis answers");
    }
}
