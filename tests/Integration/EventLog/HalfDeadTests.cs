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
            ["EventLog:CommandTimeout"] = "00:00:10",
            ["EventLog:ProbeInterval"] = "00:10:00",
        });
        await using var admin = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        var topic = Events.NewTopic();
        await using var collector = await Collector.StartAsync(process.Log, topic, Cursor.Earliest);
        for (var i = 0; i < 10; i++)
            await (await Collector.StartAsync(process.Log, Events.NewTopic())).DisposeAsync();
        proxy.StallSubscriptions();
        await using (await Collector.StartAsync(process.Log, topic))
        {
        }

        await Eventually.UntilAsync(() => process.Get<TopicFeeds>().Snapshot().Length == 1, "the others are being closed");
        await new RawLog(admin, process).AppendUnpublishedAsync(topic, 1);

        // Each of the others takes ten seconds.
        await collector.UntilAsync(1, TimeSpan.FromSeconds(9));
    }

    /// <summary>Passes on what goes to Redis and back, until it is told to pass on nothing more of connections that subscribe.</summary>
    private sealed class StallingProxy : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stop = new();
        private readonly int target;
        private readonly Task accepting;
        private volatile bool stalled;

        public StallingProxy(int target)
        {
            this.target = target;
            listener.Start();
            accepting = AcceptAsync();
        }

        public string ConnectionString => $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

        public void StallSubscriptions() => stalled = true;

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
                    if (stalled && subscribes)
                        await Task.Delay(Timeout.Infinite, stop.Token);
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read), stop.Token);
                }
            }
        }
    }
}
