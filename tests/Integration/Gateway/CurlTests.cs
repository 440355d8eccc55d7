using System.Diagnostics;
using System.Globalization;
using Microservices.Tests.Support;
using Xunit.Abstractions;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>The promise that events over HTTP make, kept towards a program that is not ours.</summary>
public sealed class CurlTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private const int Orders = 2_000;
    private const int Notifications = 1_000;
    private const int LeastCuts = 100;
    private readonly GatewayFixture backends = new();

    public Task InitializeAsync() => backends.InitializeAsync();

    public Task DisposeAsync() => backends.DisposeAsync();

    public void Dispose() => backends.Dispose();

    [FactNeeding(Need.Curl)]
    public async Task Curl_killed_at_any_byte_and_resumed_at_the_other_replica_sees_every_event_once_in_order()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var other = backends.AnotherGateway();
        Uri[] replicas = [backends.Gateway.RestAddress, other.RestAddress];
        var (orders, notifications) = (new List<string>(), new List<string>());
        var (cuts, withinBatch, lastEventId) = (0, 0, "");

        // The first only learns the place to go on from.
        while (lastEventId.Length == 0)
            lastEventId = await CurlAsync(replicas[0], "", _ => { }, parser => parser.LastEventId.Length > 0);
        var appending = AppendAsync(new Random(seed + 1));
        while (orders.Count < Orders || notifications.Count < Notifications)
        {
            var bytes = random.Next(1, 16_000);
            lastEventId = await CurlAsync(
                replicas[++cuts % 2],
                lastEventId,
                one => (one.Name switch { "order" => orders, "notification" => notifications, _ => [] }).Add(one.Subject ?? ""),
                _ => orders.Count >= Orders && notifications.Count >= Notifications,
                bytes);
            withinBatch += lastEventId.Contains('~', StringComparison.Ordinal) ? 1 : 0;
        }

        await appending;
        output.WriteLine($"{cuts} cuts, {withinBatch} of them within a batch");
        Assert.Equal(Enumerable.Range(1, Orders).Select(i => $"{i}"), orders);
        Assert.Equal(Enumerable.Range(1, Notifications).Select(i => $"{i}"), notifications);
        Assert.True(cuts >= LeastCuts, $"{cuts} cuts");
        Assert.True(withinBatch > 0);
    }

    /// <summary>Runs curl, reads so many bytes of what it prints, and kills it; returns the last id in what was read.</summary>
    private static async Task<string> CurlAsync(Uri replica, string lastEventId, Action<SseEvent> seen, Func<SseParser, bool> enough, int bytes = int.MaxValue)
    {
        using var curl = Process.Start(new ProcessStartInfo(Needs.Program("curl")!,
            ["-sSN", "--fail-with-body", "-H", $"Authorization: Bearer {Tokens.Authority.Operator()}", .. lastEventId.Length > 0 ? (string[])["-H", $"Last-Event-ID: {lastEventId}"] : [], new Uri(replica, "/v1/users/ada/events").ToString()])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            var parser = new SseParser();
            var buffer = new byte[4096];
            while (bytes > 0 && !enough(parser))
            {
                var read = await curl.StandardOutput.BaseStream.ReadAsync(buffer.AsMemory(0, Math.Min(bytes, buffer.Length))).AsTask().WaitAsync(Eventually.Timeout);
                if (read == 0)
                    throw new InvalidOperationException($"curl ended by itself, having been given '{lastEventId}'.");
                bytes -= read;
                foreach (var one in parser.Read(buffer.AsMemory(0, read)))
                    seen(one);
            }

            return parser.LastEventId.Length > 0 ? parser.LastEventId : lastEventId;
        }
        finally
        {
            curl.Kill();
            await curl.WaitForExitAsync();
        }
    }

    private async Task AppendAsync(Random random)
    {
        var (orders, notifications) = (0, 0);
        while (orders < Orders || notifications < Notifications)
        {
            var count = Math.Min(random.Next(1, 40), Orders - orders);
            backends.Orders.Topic.Append(TestEvents.Orders(orders + 1, count));
            orders += count;
            count = Math.Min(random.Next(1, 20), Notifications - notifications);
            backends.Notifications.Topic.Append(Enumerable.Range(notifications + 1, count).Select(i => TestEvents.Notification(i.ToString(CultureInfo.InvariantCulture))));
            notifications += count;
            // Batches are cut anew whenever somebody resumes.
            backends.Orders.Topic.PageEvents = random.Next(1, 30);
            backends.Notifications.Topic.PageEvents = random.Next(1, 30);
            await Task.Yield();
        }
    }
}
