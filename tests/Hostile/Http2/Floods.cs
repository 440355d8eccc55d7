using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Hostile.Cases;
using Microservices.Users.V1;

namespace Microservices.Tests.Hostile.Http2;

/// <summary>What HTTP/2 lets a client do much of for little: each some thousand frames on one connection, and over in about a second.</summary>
internal sealed class Floods(IReadOnlyList<(MethodDescriptor Method, int Port)> methods, Corpus corpus) : IDisposable
{
    private static readonly TimeSpan Held = TimeSpan.FromMilliseconds(500);
    private readonly SemaphoreSlim few = new(2);

    private delegate Task Flood(Random random, string path, int port, CancellationToken cancellationToken);

    /// <summary>One flood of one port.</summary>
    public HostileCase Next(Random random)
    {
        (string Name, Flood Flood)[] kinds =
        [
            ("rapid reset", RapidResetAsync), ("settings", SettingsAsync), ("pings", PingsAsync), ("continuations", ContinuationsAsync), ("window updates of 0", WindowUpdatesAsync),
            ("window 0", WindowZeroAsync), ("snapshots at window 0", SnapshotsAsync), ("many streams", ManyStreamsAsync), ("empty data", EmptyDataAsync), ("random frames", RandomFramesAsync),
            ("large header", LargeHeaderAsync), ("priorities", PrioritiesAsync), ("junk", JunkAsync), ("silence", SilenceAsync),
        ];
        var (name, flood) = kinds[random.Next(kinds.Length)];
        var (method, port) = methods[random.Next(methods.Count)];
        var seed = random.Next();
        return new($"flood {name}", method.FullName, async cancellationToken =>
        {
            await few.WaitAsync(cancellationToken);
            try
            {
                await flood(new Random(seed), $"/{method.Service.FullName}/{method.Name}", port, cancellationToken);
            }
            finally
            {
                few.Release();
            }

            return null;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => few.Dispose();

    private static async Task RapidResetAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        for (var stream = 1; stream < 2_000; stream += 2)
            connection.Request(stream, path).Write(FrameType.ResetStream, 0, stream, [0, 0, 0, 8]);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task SettingsAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        for (var i = 0; i < 3_000; i++)
            connection.Write(FrameType.Settings, 0, 0, [0, (byte)random.Next(1, 7), 0, 0, (byte)random.Next(256), (byte)random.Next(256)]);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task PingsAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        for (var i = 0; i < 3_000; i++)
            connection.Write(FrameType.Ping, 0, 0, new byte[8]);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task ContinuationsAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        connection.Request(1, path, flags: 0);
        var more = Http2Connection.Headers(path, ("x", new string('x', random.Next(2_000))))[^100..];
        for (var i = 0; i < 2_000; i++)
            connection.Write(FrameType.Continuation, 0, 1, random.Next(2) == 0 ? [] : more);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task WindowUpdatesAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        connection.Request(1, path);
        for (var i = 0; i < 1_000; i++)
            connection.Write(FrameType.WindowUpdate, 0, random.Next(2), [0x7F, 0xFF, 0xFF, (byte)random.Next(256)]);
        connection.Write(FrameType.WindowUpdate, 0, 1, new byte[4]).Write(FrameType.WindowUpdate, 0, 0, new byte[4]);
        await SendAndReadAsync(connection, cancellationToken);
    }

    // Answers that nobody takes.
    private static async Task WindowZeroAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken, initialWindow: 0);
        var request = GrpcSender.Frame(new ListUsersRequest { PageSize = 500 }.ToByteArray());
        for (var stream = 1; stream < 200; stream += 2)
            connection.Request(stream, path).Write(FrameType.Data, Http2Connection.EndStream, stream, request);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private async Task SnapshotsAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        var to = methods.First(m => m.Method.Name == "WatchOrders").Port;
        await using var connection = await Http2Connection.OpenAsync(to, cancellationToken, initialWindow: 0);
        connection.Request(1, "/orders.v1.OrdersService/WatchOrders");
        for (var i = 1u; i <= 100; i++)
        {
            var subscription = new Subscription { SubscriptionId = i, Snapshot = true, Key = i % 2 == 0 ? "" : corpus.Next("key", random) };
            connection.Write(FrameType.Data, 0, 1, GrpcSender.Frame(new WatchOrdersRequest { Subscribe = subscription }.ToByteArray()));
        }

        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task ManyStreamsAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        for (var stream = 1; stream < 1_000; stream += 2)
            connection.Request(stream, path);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task EmptyDataAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        connection.Request(1, path);
        for (var i = 0; i < 3_000; i++)
            connection.Write(FrameType.Data, 0, 1, []);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task RandomFramesAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        connection.Request(1, path);
        for (var i = 0; i < 50; i++)
        {
            var payload = new byte[random.Next(200)];
            random.NextBytes(payload);
            connection.Write((FrameType)random.Next(12), (byte)random.Next(256), random.Next(-1, 8), payload);
        }

        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task LargeHeaderAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        var block = Http2Connection.Headers(path, [.. Enumerable.Range(0, random.Next(1, 30)).Select(i => ($"x{i}", new string('x', 4_000)))]);
        var chunks = block.Chunk(16_000).ToArray();
        for (var i = 0; i < chunks.Length; i++)
            connection.Write(i == 0 ? FrameType.Headers : FrameType.Continuation, i == chunks.Length - 1 ? Http2Connection.EndHeaders : (byte)0, 1, chunks[i]);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task PrioritiesAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        var payload = new byte[5];
        for (var i = 0; i < 3_000; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(payload, random.Next());
            connection.Write(FrameType.Priority, 0, 2 * random.Next(1_000) + 1, payload);
        }

        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task JunkAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        var junk = new byte[random.Next(1, 20_000)];
        random.NextBytes(junk);
        connection.Request(1, path).Junk(junk);
        await SendAndReadAsync(connection, cancellationToken);
    }

    private static async Task SilenceAsync(Random random, string path, int port, CancellationToken cancellationToken)
    {
        await using var connection = await Http2Connection.OpenAsync(port, cancellationToken);
        await connection.ReadAsync(Held, cancellationToken);
    }

    private static async Task SendAndReadAsync(Http2Connection connection, CancellationToken cancellationToken)
    {
        if (await connection.SendAsync(cancellationToken))
            await connection.ReadAsync(Held, cancellationToken);
    }
}
