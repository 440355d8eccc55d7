using System.Diagnostics;
using System.Globalization;
using System.Net;
using Google.Rpc;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A gateway whose users have 100 requests at once, and then one a second; strangers of an address as well.</summary>
public sealed class LimitTests : IAsyncLifetime, IDisposable
{
    private const int Burst = 100;
    private readonly GatewayFixture gateway = new();

    public async Task InitializeAsync()
    {
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)[("Limits:UserRate", "1"), ("Limits:UserBurst", $"{Burst}"), ("Limits:AddressRate", "1"), ("Limits:AddressBurst", $"{Burst}")])
            gateway.Settings[key] = value;
        await gateway.InitializeAsync();
    }

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task A_user_over_its_limit_is_told_when_to_come_back_and_nobody_else_notices()
    {
        using var greedy = Client("greedy");
        var alone = await TimesAsync("alone");
        var watch = Stopwatch.StartNew();
        using var enough = new CancellationTokenSource();

        var flood = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var answers = new List<HttpResponseMessage>();
            while (!enough.IsCancellationRequested)
                answers.Add(await OverviewAsync(greedy, "greedy"));
            return answers;
        }));
        var beside = await TimesAsync("beside");
        var asked = new List<HttpResponseMessage>();
        await Eventually.UntilAsync(async () =>
        {
            asked.Add(await OverviewAsync(greedy, "greedy"));
            return asked[^1].StatusCode == HttpStatusCode.TooManyRequests;
        }, "the greedy one is refused");
        await enough.CancelAsync();
        var all = (await flood).SelectMany(one => one).Concat(asked).ToList();

        var served = all.Count(answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.InRange(served, Burst, Burst + watch.Elapsed.TotalSeconds + 1);
        foreach (var refused in all.Where(answer => answer.StatusCode != HttpStatusCode.OK))
            await CheckAsync(refused, "user");
        // Whoever comes near to the limit hears of it before.
        Assert.Contains(all, answer => answer.StatusCode == HttpStatusCode.OK && answer.Headers.Contains("RateLimit"));
        Assert.True(beside <= 10 * Math.Max(alone, 10), $"others' p99 was {alone:0.0} ms alone, and {beside:0.0} ms beside the greedy one");
    }

    [Fact]
    public async Task Far_from_the_limit_answers_have_no_headers_about_it()
    {
        using var user = Client("ada");
        var answer = await OverviewAsync(user, "ada");
        Assert.Equal((HttpStatusCode.OK, false, false), (answer.StatusCode, answer.Headers.Contains("RateLimit"), answer.Headers.Contains("RateLimit-Policy")));
    }

    [Fact]
    public async Task Over_gRPC_and_on_streams_it_is_the_same_limit_and_each_overview_counts()
    {
        using var rest = Client("ada");
        using var channel = Tokens.Channel(gateway.Gateway.Grpc, Tokens.Of("ada"));
        var grpc = new GatewayService.GatewayServiceClient(channel);
        await using var stream = await LookupStream.OpenAsync(grpc);

        // The batch is one user, since a user sees only itself; it is as many overviews as it names.
        var batch = await rest.PostAsync("/v1/overviews:batchGet", Http.Body($$"""{"userIds": [{{string.Join(',', Enumerable.Range(0, Burst - 10).Select(i => $"\"u{i}\""))}}]}"""));
        Assert.Equal(HttpStatusCode.OK, batch.StatusCode);
        var refused = await UntilRefusedAsync();

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        CheckStatus(refused.GetRpcStatus()!);
        Assert.Equal("\"user\";q=100;w=100", refused.Trailers.GetValue("ratelimit-policy"));
        await stream.CallAsync((1, "ada", 0));
        CheckStatus((await stream.ResultAsync()).Error);
        await CheckAsync(await OverviewAsync(rest, "ada"), "user");

        async Task<RpcException> UntilRefusedAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                try
                {
                    await grpc.GetOverviewAsync(new GetOverviewRequest { UserId = "ada" });
                }
                catch (RpcException exception)
                {
                    return exception;
                }
            }

            throw new InvalidOperationException("It is not refused");
        }
    }

    [Fact]
    public async Task An_address_that_sends_bad_tokens_is_not_heard_with_any_that_is_not_known_and_others_are()
    {
        using var known = Client("known");
        using var fresh = Client("fresh");
        using var bad = new HttpClient(new SocketsHttpHandler()) { BaseAddress = gateway.Gateway.RestAddress };
        Assert.Equal(HttpStatusCode.OK, (await OverviewAsync(known, "known")).StatusCode);

        var statuses = new List<HttpStatusCode>();
        for (var i = 0; statuses.LastOrDefault() != HttpStatusCode.TooManyRequests; i++)
        {
            Assert.True(i < 4 * Burst, "it is never refused");
            using var request = new HttpRequestMessage(HttpMethod.Get, i % 3 == 0 ? "/v1/users/known/overview" : i % 3 == 1 ? "/v1/users" : "/problems/not-found");
            if (i % 3 == 0)
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {Tokens.Of("known")}x{i}");
            statuses.Add((await bad.SendAsync(request)).StatusCode);
        }

        Assert.InRange(statuses.Count, Burst, 2 * Burst);
        Assert.Contains(HttpStatusCode.Unauthorized, statuses);
        Assert.Equal(HttpStatusCode.OK, (await OverviewAsync(known, "known")).StatusCode);
        await CheckAsync(await OverviewAsync(fresh, "fresh"), "address");
        // From elsewhere, as a proxy on this machine says.
        fresh.DefaultRequestHeaders.Add("X-Forwarded-For", "198.51.100.7");
        Assert.Equal(HttpStatusCode.OK, (await OverviewAsync(fresh, "fresh")).StatusCode);
    }

    [Fact]
    public async Task Of_IPv6_the_first_half_is_one_address()
    {
        using var client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = gateway.Gateway.RestAddress };
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i <= Burst + 20; i++)
            statuses.Add(await AskAsync($"2001:db8:0:1::{i:x}"));

        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("2001:db8:0:2::1"));

        async Task<HttpStatusCode> AskAsync(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/users") { Headers = { { "X-Forwarded-For", address } } };
            return (await client.SendAsync(request)).StatusCode;
        }
    }

    private HttpClient Client(string user) => LimitedClient.Of(gateway.Gateway, user);

    private static Task<HttpResponseMessage> OverviewAsync(HttpClient client, string user) => client.GetAsync($"/v1/users/{user}/overview");

    /// <summary>The 99th percentile of five users, one after the other, in milliseconds.</summary>
    private async Task<double> TimesAsync(string users)
    {
        var times = new List<double>();
        foreach (var user in Enumerable.Range(0, 5).Select(i => $"{users}-{i}"))
        {
            using var client = Client(user);
            for (var i = 0; i < Burst / 2; i++)
            {
                var watch = Stopwatch.GetTimestamp();
                Assert.Equal(HttpStatusCode.OK, (await OverviewAsync(client, user)).StatusCode);
                times.Add(Stopwatch.GetElapsedTime(watch).TotalMilliseconds);
            }
        }

        return times.Order().ElementAt(times.Count * 99 / 100);
    }

    private static async Task CheckAsync(HttpResponseMessage refused, string limit)
    {
        var problem = await refused.ProblemAsync(429);
        Assert.Equal(("/problems/too-many-requests", "RATE_LIMITED"), (problem.GetProperty("type").GetString(), problem.GetProperty("reason").GetString()));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(Burst));
        Assert.Equal($"\"{limit}\";q=100;w=100", Assert.Single(refused.Headers.GetValues("RateLimit-Policy")));
        Assert.Matches(string.Create(CultureInfo.InvariantCulture, $"^\"{limit}\";r=0;t=(100|[1-9][0-9])$"), Assert.Single(refused.Headers.GetValues("RateLimit")));
    }

    private static void CheckStatus(Google.Rpc.Status status)
    {
        Assert.Equal((int)StatusCode.ResourceExhausted, status.Code);
        Assert.Equal("RATE_LIMITED", status.GetDetail<ErrorInfo>().Reason);
        Assert.Equal("user", Assert.Single(status.GetDetail<QuotaFailure>().Violations).Subject);
        Assert.True(status.GetDetail<RetryInfo>().RetryDelay.ToTimeSpan() > TimeSpan.Zero);
    }
}

internal static class LimitedClient
{
    /// <summary>A client of the REST port, with one token of a user.</summary>
    public static HttpClient Of(GatewayFactory gateway, string user) =>
        new(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Authority.Person(user))) { BaseAddress = gateway.RestAddress };
}
