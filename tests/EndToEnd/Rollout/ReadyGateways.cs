using System.Net.Sockets;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Rollout;

/// <summary>
/// The gateway as a Kubernetes Service shows it: a new connection goes to one of the replicas that are ready, in turn; one that stands stays
/// where it is, for as long as the replica keeps it. Nothing is sent twice.
/// </summary>
public sealed class ReadyGateways : IAsyncDisposable
{
    private static readonly TimeSpan ProbePeriod = TimeSpan.FromMilliseconds(100);
    private readonly CancellationTokenSource over = new();
    private readonly HttpClient probe = new() { Timeout = TimeSpan.FromSeconds(1) };
    private readonly ReplicaProcess[] replicas;
    private readonly Task probing;
    private volatile int[] ready;
    private int turn;

    /// <summary>In front of these.</summary>
    public ReadyGateways(ReplicaProcess[] replicas)
    {
        this.replicas = replicas;
        ready = [.. replicas.Select(r => r.HttpPort)];
        probing = ProbeAsync();
    }

    /// <summary>A client with connections of its own; an operator's, of what has no token.</summary>
    public HttpClient NewClient() => new(Tokens.Bearer(new SocketsHttpHandler { ConnectCallback = async (_, cancellation) => await ConnectAsync(cancellation) }))
    {
        BaseAddress = new Uri("http://gateway"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await probing;
        probe.Dispose();
        over.Dispose();
    }

    /// <summary>A new connection.</summary>
    public async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var there = ready;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync("127.0.0.1", there[(Interlocked.Increment(ref turn) & int.MaxValue) % there.Length], cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task ProbeAsync()
    {
        using var timer = new PeriodicTimer(ProbePeriod);
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
            {
                var answers = await Task.WhenAll(replicas.Select(IsReadyAsync));
                // As kube-proxy has it, an empty list is not believed to be better than the last one.
                if (replicas.Where((_, i) => answers[i]).Select(r => r.HttpPort).ToArray() is { Length: > 0 } now)
                    ready = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task<bool> IsReadyAsync(ReplicaProcess replica)
    {
        try
        {
            using var answer = await probe.GetAsync(new Uri($"{replica.Management}/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception gone) when (gone is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
