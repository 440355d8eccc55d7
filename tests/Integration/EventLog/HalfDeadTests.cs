using System.Net;
using System.Net.Sockets;
using System.Text;
using Microservices.EventLog;
using Microservices.Tests.Support;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>The connection for publications stands, and nothing goes through it any more.</summary>
public sealed class HalfDeadTests
{
    [FactNeeding(Need.RedisServer)]
    public async Task Topics_that_cannot_be_closed_hold_up_no_lost_last_event_of_another()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = new StallingProxy(redis.Port);
        await using var process = await LogProcess.StartAsync(proxy.ConnectionString, new()
        {
            ["EventLog:TopicLinger"] = "00:00:00.1",
            ["EventLog:CommandTimeout"] = "00:01:00",
            ["EventLog:ProbeInterval"] = "00:10:00",
        });
        await using var admin = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        var topic = Events.NewTopic();
        await using var collector = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        var others = new List<Collector>();
        for (var i = 0; i < 10; i++)
            others.Add(await Collector.StartAsync(process.Log, Events.NewTopic()));
        var closing = process.Get<TopicFeeds>().Snapshot().Where(feed => feed.Name != topic).ToList();
        Assert.Equal(others.Count, closing.Count);
        proxy.Stall();
        foreach (var other in others)
            await other.DisposeAsync();
        await Eventually.UntilAsync(() => process.Get<TopicFeeds>().Snapshot().Length == 1, "the others are being closed");
        await new RawLog(admin, process).AppendUnpublishedAsync(topic, 1);

        await collector.UntilAsync(1);
        // Each of the others takes a minute: had one been waited for, the event would not be here while they are still subscribed.
        Assert.All(closing, feed => Assert.True(feed.IsSubscribed));
        proxy.Release();
    }

    /// <summary>Passes on what goes to Redis and back; while it stalls, nothing of connections that subscribe.</summary>
    private sealed class StallingProxy : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stop = new();
        private readonly int target;
        private readonly Task accepting;
        private volatile TaskCompletionSource? stalled;

        public StallingProxy(int target)
        {
            this.target = target;
            listener.Start();
            accepting = AcceptAsync();
        }

        public string ConnectionString => $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

        public void Stall() => stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => stalled?.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            listener.Stop();
            await accepting;
            stop.Dispose();
        }

        private async Task AcceptAsync()
        {
            var passing = new List<Task>();
            try
            {
                while (true)
                    passing.Add(PassAsync(await listener.AcceptTcpClientAsync(stop.Token)));
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(passing);
            }
        }

        private async Task PassAsync(TcpClient client)
        {
            using var one = client;
            using var other = new TcpClient();
            var subscribes = false;
            try
            {
                await other.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                await Task.WhenAny(PumpAsync(one, other), PumpAsync(other, one));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One of them has gone.
            }

            async Task PumpAsync(TcpClient from, TcpClient to)
            {
                var buffer = new byte[65_536];
                while (await from.GetStream().ReadAsync(buffer, stop.Token) is > 0 and var read)
                {
                    subscribes |= Encoding.ASCII.GetString(buffer, 0, read).Contains("SUBSCRIBE", StringComparison.OrdinalIgnoreCase);
                    if (subscribes && stalled is { } until)
                        await until.Task.WaitAsync(stop.Token);
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read), stop.Token);
                }
            }
        }
    }
}
