using System.Net.Sockets;
using Grpc.Net.Client;
using Microservices.Hosting;
using Microservices.Hosting.Tls;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Operations;

/// <summary>
/// How the replicas of every service are that the gateway calls (<c>Backends</c>), and this process itself. They are asked while somebody wants to know, once for all who do, in the gateway's own
/// name, and not at all while nobody does. A singleton; thread-safe.
/// </summary>
internal sealed class SuiteWatch(IServiceProvider services, IConfiguration configuration, IOptionsMonitor<BackendOptions> backends, TlsClient tls, OwnPorts own, TimeProvider time) : IAsyncDisposable
{
    private const string Self = "gateway";
    private static readonly TimeSpan Resolving = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly Dictionary<Uri, (WatchedReplica Replica, CancellationTokenSource Gone, Task Task)> replicas = [];
    private CancellationTokenSource? over;
    private Task running = Task.CompletedTask;
    private int watchers;

    /// <summary>What is known of each replica; none before the first is found.</summary>
    public IReadOnlyList<WatchedReplica> Replicas
    {
        get
        {
            lock (replicas)
                return [.. replicas.Values.Select(each => each.Replica)];
        }
    }

    /// <summary>Somebody wants to know, until what this returns is disposed of.</summary>
    public IDisposable Begin()
    {
        lock (gate)
        {
            if (watchers++ == 0)
            {
                over = new CancellationTokenSource();
                running = RunAsync(running, over.Token);
            }
        }

        return new Hold(this);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            over?.Cancel();
            last = running;
        }

        await last;
    }

    private void End()
    {
        lock (gate)
        {
            if (--watchers == 0)
                over!.Cancel();
        }
    }

    private async Task RunAsync(Task before, CancellationToken stop)
    {
        // Whoever starts it holds a lock.
        await Task.Yield();
        await before;
        while (!stop.IsCancellationRequested)
        {
            await FindAsync(stop);
            await Task.Delay(Resolving, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await ForgetAsync(_ => true);
    }

    private async Task FindAsync(CancellationToken stop)
    {
        var found = new HashSet<Uri>();
        if (own.Grpc is { } self)
            Add(Self, self, () => Backends.Connect([self.ToString()], services, Self));
        foreach (var name in configuration.GetSection("Backends").GetChildren().Select(section => section.Key))
        {
            try
            {
                foreach (var (address, host) in await Backends.ResolveAsync(backends.Get($"Backends:{name}"), tls, stop))
                    Add(name.ToLowerInvariant(), address, () => Backends.Connect([address.ToString()], services, host));
            }
            catch (Exception unknown) when (unknown is SocketException or OperationCanceledException)
            {
                // A name that is not known now: those of before are not there either, or are heard.
                found.UnionWith(Replicas.Where(replica => string.Equals(replica.Service, name, StringComparison.OrdinalIgnoreCase)).Select(replica => replica.Address));
            }
        }

        await ForgetAsync(address => !found.Contains(address));

        void Add(string service, Uri address, Func<GrpcChannel> connect)
        {
            found.Add(address);
            lock (replicas)
            {
                if (replicas.ContainsKey(address))
                    return;
                var replica = new WatchedReplica(service, address, connect, time);
                var gone = new CancellationTokenSource();
                replicas.Add(address, (replica, gone, replica.RunAsync(gone.Token)));
            }
        }
    }

    private async Task ForgetAsync(Func<Uri, bool> which)
    {
        (WatchedReplica Replica, CancellationTokenSource Gone, Task Task)[] leaving;
        lock (replicas)
        {
            leaving = [.. replicas.Where(each => which(each.Key)).Select(each => each.Value)];
            foreach (var (replica, _, _) in leaving)
                replicas.Remove(replica.Address);
        }

        foreach (var (_, gone, task) in leaving)
        {
            await gone.CancelAsync();
            await task;
            gone.Dispose();
        }
    }

    private sealed class Hold(SuiteWatch watch) : IDisposable
    {
        public void Dispose() => watch.End();
    }
}
