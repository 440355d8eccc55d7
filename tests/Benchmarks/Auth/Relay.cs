using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Microservices.Tests.Benchmarks.Auth;

/// <summary>
/// A port in front of another one of this machine, which counts what goes through, and how much of it is access tokens of the tests' authority: in headers they go as they
/// are, since .NET's client does not compress these, and in frames as well.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private const int BufferBytes = 64 << 10;
    private readonly CancellationTokenSource over = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Task> connections = [];
    private readonly int port;
    private readonly Task accepting;
    private long bytes;
    private long tokenBytes;

    private Relay(int port)
    {
        this.port = port;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Its own address.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>All bytes so far, both ways.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Those of tokens.</summary>
    public long TokenBytes => Volatile.Read(ref tokenBytes);

    /// <summary>Begins to listen.</summary>
    public static Relay Start(int port) => new(port);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await accepting;
        await Task.WhenAll(connections);
        listener.Dispose();
        over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(over.Token)));
        }
        catch (OperationCanceledException)
        {
            // Enough was counted.
        }
    }

    private async Task ServeAsync(TcpClient caller)
    {
        using var callee = new TcpClient { NoDelay = true };
        using (caller)
        {
            caller.NoDelay = true;
            try
            {
                await callee.ConnectAsync(IPAddress.Loopback, port, over.Token);
                await Task.WhenAny(CopyAsync(caller, callee, new TokenCounter()), CopyAsync(callee, caller, null));
            }
            catch (Exception ended) when (ended is SocketException or OperationCanceledException)
            {
                // By one of the two, or enough was counted.
            }
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, TokenCounter? tokens)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, over.Token) is > 0 and var read)
            {
                Interlocked.Add(ref bytes, read);
                if (tokens is not null)
                    Interlocked.Add(ref tokenBytes, tokens.Count(buffer.AsSpan(0, read)));
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), over.Token);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // By one of the two, or enough was counted.
        }
    }

    /// <summary>Counts the bytes of tokens in what comes piece by piece.</summary>
    private sealed class TokenCounter
    {
        // The header of each is the same.
        private static readonly byte[] Begin = Encoding.ASCII.GetBytes(LoadToken.Value.Split('.')[0]);
        private int matched;
        private bool inToken;

        public int Count(ReadOnlySpan<byte> piece)
        {
            var count = 0;
            foreach (var b in piece)
            {
                if (inToken && (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.'))
                {
                    count++;
                    continue;
                }

                inToken = false;
                matched = b == Begin[matched] ? matched + 1 : b == Begin[0] ? 1 : 0;
                if (matched < Begin.Length)
                    continue;
                (matched, inToken) = (0, true);
                count += Begin.Length;
            }

            return count;
        }
    }
}
