using System.Collections.Concurrent;
using System.Diagnostics;
using Microservices.Tests.Integration.Identity;
using Microsoft.AspNetCore.WebUtilities;

namespace Microservices.Tests.Integration.Bff;

/// <summary>Strangers who make up cookies, and codes for logins that they have begun, beside somebody who has a session.</summary>
public sealed class SessionFloodTests(BffHost host) : IClassFixture<BffHost>
{
    private const int AtATime = 8;
    private const int GoodRequests = 300;

    [Fact]
    public async Task Made_up_cookies_let_nobody_in_and_harm_nobody_who_has_a_session()
    {
        var (good, userId) = await host.NewSessionAsync();
        var cookie = good.Session();
        await RequireUnharmedAsync(good, userId, "198.51.100.7", Task.FromResult, (stranger, i) =>
        {
            // Of the right length and alphabet, and now and then one that is right but for its end.
            stranger.Cookies[BffCalls.Cookie] = i % 3 == 0 ? $"{cookie[..^6]}{i % 1_000_000:D6}" : $"{Guid.NewGuid():N}{Guid.NewGuid():N}{i % 100_000_000_000:D11}";
            return stranger.ApiAsync("GET", $"/v1/users/{userId}");
        });
    }

    [Fact]
    public async Task Made_up_codes_let_nobody_in_and_harm_nobody_who_has_a_session_or_logs_in()
    {
        var (good, userId) = await host.NewSessionAsync();
        await RequireUnharmedAsync(good, userId, "198.51.100.8", BeginAsync, (stranger, i) =>
            stranger.ApiAsync("GET", QueryHelpers.AddQueryString(
                "/bff/callback", new Dictionary<string, string?> { ["state"] = stranger.Cookies["state"], ["iss"] = host.Issuer.AbsoluteUri, ["code"] = $"{Guid.NewGuid():N}{i}" })));
    }

    // Its cookie and `state` are as they should be, so that Identity is asked about the code.
    private static async Task<Browser> BeginAsync(Browser stranger)
    {
        var begun = await stranger.GetAsync("/bff/login");
        stranger.Cookies["state"] = QueryHelpers.ParseQuery(new Uri(begun.Location!).Query)["state"].ToString();
        return stranger;
    }

    private async Task RequireUnharmedAsync(
        Browser good, string userId, string address, Func<Browser, Task<Browser>> prepare, Func<Browser, long, Task<(int Status, System.Text.Json.Nodes.JsonObject Body)>> ask)
    {
        var refusals = new ConcurrentDictionary<int, int>();
        var alone = await P99Async(good, userId);
        using var enough = new CancellationTokenSource();
        var number = 0L;
        var flood = Enumerable.Range(0, AtATime).Select(async _ =>
        {
            using var stranger = await prepare(host.NewBrowser(address));
            while (!enough.IsCancellationRequested)
                refusals.AddOrUpdate((await ask(stranger, Interlocked.Increment(ref number))).Status, 1, (_, count) => count + 1);
        }).ToList();

        var beside = await P99Async(good, userId);
        var (another, otherId) = await host.NewSessionAsync();
        Assert.Equal(200, (await another.ApiAsync("GET", $"/v1/users/{otherId}")).Status);
        await enough.CancelAsync();
        await Task.WhenAll(flood);

        Assert.True(refusals.Values.Sum() > GoodRequests, $"Only {refusals.Values.Sum()} were refused");
        Assert.All(refusals.Keys, status => Assert.Contains(status, (int[])[401, 403, 429, 503]));
        Assert.True(beside <= 10 * Math.Max(alone, 10), $"The good one's p99 was {alone:0.0} ms alone, and {beside:0.0} ms beside the strangers");
    }

    private static async Task<double> P99Async(Browser good, string userId)
    {
        var times = new List<double>();
        for (var i = 0; i < GoodRequests; i++)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(200, (await good.ApiAsync("GET", i % 10 == 0 ? "/bff/user" : $"/v1/users/{userId}")).Status);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return times.Order().ElementAt(GoodRequests * 99 / 100);
    }
}
