using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Hostile;

/// <summary>
/// A user who asks for nothing but what the contract offers, at an even pace, beside all that is sent by others: reads a user, an overview, and
/// over gRPC; places orders, some twice under one key, and lists them; and follows them by events. Every answer is checked.
/// </summary>
internal sealed class GoodCaller : IAsyncDisposable
{
    private static readonly string[] Kinds = ["user", "overview", "order", "orders", "gRPC"];
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AnyRun = TimeSpan.FromDays(1);
    private readonly CancellationTokenSource over = new();
    private readonly string userId;
    private readonly HttpClient http;
    private readonly GrpcChannel channel;
    private readonly UsersService.UsersServiceClient users;
    private readonly List<string> placed = [];
    private readonly List<TimeSpan> latencies = [];
    private readonly List<string> problems = [];
    private readonly OrderEvents events;
    private Task calling = Task.CompletedTask;

    private GoodCaller(HostileSuite suite, string userId)
    {
        this.userId = userId;
        var token = Tokens.Authority.Person(userId, lifetime: AnyRun);
        http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler { UseProxy = false }, token)) { BaseAddress = new Uri($"http://127.0.0.1:{suite.Gateway.HttpPort}"), Timeout = TimeSpan.FromSeconds(30) };
        channel = Tokens.Channel(suite.Users.Address, token);
        users = new(channel);
        events = new(http, userId);
    }

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<string> Problems => [.. problems, .. events.Problems];

    /// <summary>How many calls were made since <see cref="TakeP99"/>.</summary>
    public int Calls
    {
        get
        {
            lock (latencies)
                return latencies.Count;
        }
    }

    /// <summary>The longest call of all.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>How many orders were placed.</summary>
    public int Placed => placed.Count;

    /// <summary>Makes a user, follows its events, and begins to call.</summary>
    public static async Task<GoodCaller> StartAsync(HostileSuite suite, string userId = "the-good-one")
    {
        var caller = new GoodCaller(suite, userId);
        using var created = await caller.http.PostAsJsonAsync("/v1/users", new { userId, displayName = "Ada", email = $"{userId}@example.com" });
        created.EnsureSuccessStatusCode();
        await caller.events.StartAsync();
        caller.calling = caller.CallAsync();
        return caller;
    }

    /// <summary>The 99th percentile of what was called since the last time this was asked.</summary>
    public TimeSpan TakeP99()
    {
        lock (latencies)
        {
            var sorted = latencies.Order().ToArray();
            latencies.Clear();
            return sorted.Length == 0 ? TimeSpan.Zero : sorted[(int)(sorted.Length * 0.99)];
        }
    }

    /// <summary>Ends the calls; waits until an event of every order that was placed has come, and checks that each was once and in order.</summary>
    public async Task StopAsync()
    {
        await over.CancelAsync();
        await calling;
        try
        {
            await Eventually.UntilAsync(() => events.OrderIds.Count >= placed.Count, "an event of every order that was placed has come");
        }
        catch (TimeoutException late)
        {
            problems.Add(late.Message);
        }

        var received = events.OrderIds;
        if (!received.SequenceEqual(placed))
            problems.Add($"{placed.Count} orders were placed, and {received.Count} events came, of {received.Distinct().Count()} orders: lost, repeated, or in another order");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await calling;
        await events.DisposeAsync();
        http.Dispose();
        channel.Dispose();
        over.Dispose();
    }

    private async Task CallAsync()
    {
        using var timer = new PeriodicTimer(Pace);
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                await ((i % Kinds.Length) switch
                {
                    0 => ReadUserAsync(),
                    1 => ReadOverviewAsync(),
                    2 => PlaceOrderAsync(i),
                    3 => ListOrdersAsync(),
                    _ => ReadOverGrpcAsync(),
                });
            }
            catch (Exception failed) when (failed is RpcException or HttpRequestException or OperationCanceledException or InvalidOperationException)
            {
                problems.Add($"call {i} ({Kinds[i % Kinds.Length]}): {failed.Message}");
            }

            var took = Stopwatch.GetElapsedTime(start);
            Longest = took > Longest ? took : Longest;
            lock (latencies)
                latencies.Add(took);
            try
            {
                await timer.WaitForNextTickAsync(over.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ReadUserAsync()
    {
        var user = await JsonAsync(await http.GetAsync(new Uri($"/v1/users/{userId}", UriKind.Relative)), HttpStatusCode.OK);
        Check((string?)user["email"] == $"{userId}@example.com", user);
    }

    private async Task ReadOverviewAsync()
    {
        var overview = await JsonAsync(await http.GetAsync(new Uri($"/v1/users/{userId}/overview?orderLimit=2", UriKind.Relative)), HttpStatusCode.OK);
        Check((bool)overview["complete"]! && (string?)overview["user"]!["data"]!["userId"] == userId, overview);
    }

    private async Task PlaceOrderAsync(int i)
    {
        var order = await PlaceAsync(i);
        Check((string?)order["total"]!["amount"] == "20.50", order);
        placed.Add((string)order["orderId"]!);
        if (i % (4 * Kinds.Length) == 2)
            Check((string?)(await PlaceAsync(i))["orderId"] == placed[^1], order);
    }

    private async Task ListOrdersAsync()
    {
        var orders = await JsonAsync(await http.GetAsync(new Uri($"/v1/users/{userId}/orders?pageSize=2", UriKind.Relative)), HttpStatusCode.OK);
        // Before the first was placed, or where none could be, there is none.
        Check((string?)orders["orders"]!.AsArray().FirstOrDefault()?["orderId"] == placed.LastOrDefault(), orders);
    }

    private async Task<JsonNode> PlaceAsync(int i)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/orders", UriKind.Relative))
        {
            Content = JsonContent.Create(new { userId, lines = new[] { new { productId = "tea", quantity = 2, unitPrice = new { amount = "10.25", currency = "EUR" } } } }),
        };
        request.Headers.Add("Idempotency-Key", $"{userId}-{i}");
        return await JsonAsync(await http.SendAsync(request), HttpStatusCode.Created);
    }

    private async Task ReadOverGrpcAsync()
    {
        var answer = await users.GetUserAsync(new GetUserRequest { UserId = userId }, deadline: DateTime.UtcNow.AddSeconds(30));
        if (answer.User.UserId != userId)
            throw new InvalidOperationException($"Another user: {answer.User}");
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            return response.StatusCode == expected ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{(int)response.StatusCode} {text}");
        }
    }

    private static void Check(bool good, JsonNode answer)
    {
        if (!good)
            throw new InvalidOperationException($"Not what was asked for: {answer.ToJsonString()}");
    }
}
