using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.EndToEnd.Rollout;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd;

/// <summary>
/// What /metrics costs while a process has many streams open, each of another user. Its size and its labels are as promised everywhere;
/// its time to the millisecond with SUITE_SOAK=1, and ten times that without.
/// </summary>
public sealed partial class MetricsTests(ITestOutputHelper print)
{
    private const int Few = 100;
    private const int MaxBytes = 200_000;
    private const int Scrapes = 20;
    private const int MaxNewValues = 5;
    // For 300 ms an answer is given again.
    private static readonly TimeSpan BetweenScrapes = TimeSpan.FromMilliseconds(350);
    private static readonly bool Soak = Environment.GetEnvironmentVariable("SUITE_SOAK") == "1";
    private static readonly TimeSpan MaxTime = TimeSpan.FromMilliseconds(Soak ? 50 : 500);

    [FactNeeding(Need.RedisServer)]
    public async Task With_ten_thousand_event_streams_open_metrics_are_small_and_quick_and_have_no_label_more()
    {
        const int Many = 10_000;
        await using var redis = await RedisServer.StartAsync();
        var data = Directory.CreateTempSubdirectory("metrics-").FullName;
        await using var orders = new ReplicaProcess("services/Orders", new Dictionary<string, string>
        {
            ["ConnectionStrings__Database"] = $"Data Source={Path.Combine(data, "orders.db")}",
            ["ConnectionStrings__Redis"] = redis.ConnectionString,
            // They say nothing.
            ["EventStreams__ClientTimeout"] = "01:00:00",
        });
        await orders.UntilReadyAsync();
        using var channel = Tokens.Channel(orders.Address);
        var client = new OrdersService.OrdersServiceClient(channel);
        var streams = new List<AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse>>();
        try
        {
            await CompareAsync(orders, "eventstream_server_streams", Many, async count =>
            {
                foreach (var opening in Enumerable.Range(streams.Count, count - streams.Count).Chunk(200))
                    streams.AddRange(await Task.WhenAll(opening.Select(number => WatchAsync(client, $"user-{number}"))));
            });
        }
        finally
        {
            streams.ForEach(s => s.Dispose());
            Directory.Delete(data, recursive: true);
        }
    }

    [FactNeeding(Need.RedisServer, Need.PostgreSql)]
    public async Task With_many_event_streams_open_over_HTTP_the_gateways_metrics_are_small_and_quick_and_have_no_label_more()
    {
        var many = Soak ? 10_000 : 1_000;
        await using var suite = await RolledSuite.StartAsync((TimeSpan.Zero, TimeSpan.FromSeconds(1)), replicas: 1);
        var users = new List<string>();
        using var over = new CancellationTokenSource();
        using var http = suite.Http.NewClient();
        var followers = new List<EventFollower>();
        await CompareAsync(suite.Gateways[0], "gateway_events_streams", many, async count =>
        {
            foreach (var opening in Enumerable.Range(followers.Count, count - followers.Count).Chunk(50))
            {
                var userIds = await OrderLoad.NewUsersAsync(suite.Users[0].Address, opening.Length);
                var begun = userIds.Select(userId => EventFollower.Start(http, userId, over.Token)).ToArray();
                await Eventually.UntilAsync(() => begun.All(f => f.Streams > 0), "they follow");
                followers.AddRange(begun);
                await PlaceAsync(http, userIds[0]);
                await Eventually.UntilAsync(() => begun[0].Count == 2, "an order and its notification have come");
            }
        });
        Assert.All(followers, f => Assert.Empty(f.Failures));
        await over.CancelAsync();
        await Task.WhenAll(followers.Select(f => f.Reading));
    }

    /// <summary>Opens a few streams and then many, and looks at what is said of them.</summary>
    private async Task CompareAsync(ReplicaProcess replica, string streams, int many, Func<int, Task> openAsync)
    {
        using var http = new HttpClient { BaseAddress = new Uri(replica.Management) };
        await openAsync(Few);
        // The first one is itself measured; the second tells of it.
        await http.GetStringAsync("/metrics");
        await Eventually.UntilAsync(async () => await replica.MetricAsync(streams) == Few, "the first are counted");
        await Task.Delay(BetweenScrapes);
        var few = Labels(await http.GetStringAsync("/metrics"));

        await openAsync(many);
        await Eventually.UntilAsync(async () => await replica.MetricAsync(streams) == many, "all are counted");
        var (text, took) = ("", new List<double>());
        for (var i = 0; i < Scrapes; i++)
        {
            await Task.Delay(BetweenScrapes);
            var started = Stopwatch.GetTimestamp();
            text = await http.GetStringAsync("/metrics");
            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        took.Sort();
        print.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{replica.Service} with {many} streams, {replica.Memory >> 20} MiB: /metrics {text.Length / 1000.0:0.0} kB, median {took[Scrapes / 2]:0.0} ms, least {took[0]:0.0} ms, worst {took[^1]:0.0} ms"));
        Assert.InRange(text.Length, 1_000, MaxBytes);
        Assert.InRange(took[Scrapes / 2], 0, MaxTime.TotalMilliseconds);
        // What the runtime and others say for the first time meanwhile (a pool evicts, a queue forms) has a value or two of its own; a label
        // that grew with users or streams would have as many as those.
        Assert.All(Labels(text).Except(few).CountBy(label => label[..label.IndexOf('=', StringComparison.Ordinal)]), label => Assert.InRange(label.Value, 1, MaxNewValues));
    }

    private static async Task<AsyncDuplexStreamingCall<WatchOrdersRequest, WatchOrdersResponse>> WatchAsync(OrdersService.OrdersServiceClient client, string userId)
    {
        var stream = client.WatchOrders();
        await stream.RequestStream.WriteAsync(new WatchOrdersRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = userId } });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        Assert.NotNull(stream.ResponseStream.Current.Subscribed);
        return stream;
    }

    private static async Task PlaceAsync(HttpClient http, string userId)
    {
        using var answer = await http.PostAsJsonAsync("/v1/orders", new
        {
            userId,
            lines = new[] { new { productId = "tea", quantity = 1, unitPrice = new { amount = "5", currency = "EUR" } } },
        });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Every label with every value that it has, by metric.</summary>
    private static HashSet<string> Labels(string metrics) =>
    [
        .. metrics.Split('\n').Where(line => line.Length > 0 && line[0] != '#').SelectMany(line =>
            Label().Matches(line[..(line.IndexOf('}', StringComparison.Ordinal) + 1)]).Select(label => $"{line[..line.IndexOf('{', StringComparison.Ordinal)]} {label.Value}")),
    ];

    [GeneratedRegex(@"[a-z_]+=""(\\.|[^""\\])*""", RegexOptions.ExplicitCapture)]
    private static partial Regex Label();
}
