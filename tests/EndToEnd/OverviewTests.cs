using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd;

/// <summary>Overviews of real services that are made slow or made to fail.</summary>
public sealed class OverviewTests(ITestOutputHelper print)
{
    private static Dictionary<string, string> Faults(params (string Method, string Setting, string Value)[] rules) =>
        rules.SelectMany((rule, i) => new[] { ($"Faults__Rules__{i}__Method", rule.Method), ($"Faults__Rules__{i}__{rule.Setting}", rule.Value) })
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);

    private static async Task<string> NewUserAsync(Suite suite)
    {
        // No cache: what is asked for is what these tests are about.
        suite.Http.DefaultRequestHeaders.CacheControl = new() { NoCache = true };
        using var created = await suite.Http.PostAsJsonAsync("/v1/users", new { displayName = "Ada", email = $"{Guid.NewGuid():N}@example.com" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        return (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("userId").GetString()!;
    }

    [Fact]
    public async Task An_overview_takes_as_long_as_its_slowest_part()
    {
        await using var suite = await Suite.StartAsync(environment: Faults(
            ("/users.v1.UsersService/LookupUsers", "Delay", "00:00:01.5"),
            ("/orders.v1.OrdersService/LookupOrders", "Delay", "00:00:03")));
        var userId = await NewUserAsync(suite);

        var (user, orders, both) = (await BestAsync(suite, $"{userId}/overview?fields=user"), await BestAsync(suite, $"{userId}/overview?fields=orders"), await BestAsync(suite, $"{userId}/overview"));
        print.WriteLine($"user in {user.TotalSeconds:0.000} s, orders in {orders.TotalSeconds:0.000} s, both in {both.TotalSeconds:0.000} s");
        Assert.True(user < orders);
        Assert.True(both < orders + (user / 2), $"user in {user}, orders in {orders}, both in {both}");

        // Less time than the orders take: what there is, in time.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{userId}/overview") { Headers = { { "Request-Timeout", "2.5" } } };
        using var response = await suite.Http.SendAsync(request);
        var partial = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(partial.GetProperty("complete").GetBoolean());
        Assert.Equal("timeout", partial.GetProperty("orders").GetProperty("status").GetString());
    }

    // The first time also pays for connections.
    private static async Task<TimeSpan> BestAsync(Suite suite, string path)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 2; i++)
        {
            var watch = Stopwatch.StartNew();
            var overview = await suite.Http.GetFromJsonAsync<JsonElement>($"/v1/users/{path}");
            best = watch.Elapsed < best ? watch.Elapsed : best;
            Assert.True(overview.GetProperty("complete").GetBoolean());
        }

        return best;
    }

    [Fact]
    public async Task An_overview_answers_with_what_it_has_when_orders_fail_and_with_a_problem_when_users_are_gone()
    {
        await using var suite = await Suite.StartAsync(environment: Faults(("/orders.v1.OrdersService/LookupOrders", "Status", "Unavailable")));
        var userId = await NewUserAsync(suite);

        using (var response = await suite.Http.GetAsync($"/v1/users/{userId}/overview"))
        {
            var overview = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(response.Headers.CacheControl!.NoStore);
            Assert.False(overview.GetProperty("complete").GetBoolean());
            Assert.Equal("ok", overview.GetProperty("user").GetProperty("status").GetString());
            Assert.Equal("error", overview.GetProperty("orders").GetProperty("status").GetString());
            Assert.Equal(503, overview.GetProperty("orders").GetProperty("problem").GetProperty("status").GetInt32());
        }

        using (var strict = await suite.Http.GetAsync($"/v1/users/{userId}/overview?strict=true"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, strict.StatusCode);

        // Users hangs, as a process does that is swapped out: it neither answers nor refuses.
        await Shell.SignalAsync(suite.Pids["users"], "STOP");
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{userId}/overview") { Headers = { { "Request-Timeout", "1" } } };
            using var response = await suite.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        }
        finally
        {
            await Shell.SignalAsync(suite.Pids["users"], "CONT");
        }
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Redis_down_is_degraded_and_not_unready()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var suite = await Suite.StartAsync(["--redis", redis.ConnectionString]);
        foreach (var port in (int[])[9001, 9002])
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await ReadyAsync(port));

        redis.Kill();

        foreach (var port in (int[])[9001, 9002])
            await Eventually.UntilAsync(async () => await ReadyAsync(port) == (HttpStatusCode.OK, "Degraded"), "ready, and degraded");
        await NewUserAsync(suite);

        async Task<(HttpStatusCode, string)> ReadyAsync(int port)
        {
            using var response = await suite.Http.GetAsync($"http://127.0.0.1:{port}/health/ready");
            return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString()!);
        }
    }
}
