using System.Net.Sockets;

namespace Microservices.Gateway.Operations;

/// <summary>
/// What every replica tells of itself (<see cref="SuiteReplicas"/>). They are asked while somebody wants to know, once for all who do, in the gateway's own
/// name, and not at all while nobody does. A singleton; thread-safe.
/// </summary>
internal sealed class SuiteWatch<T>(SuiteReplicas suite, Func<SuiteReplica, T> watch, TimeProvider time) : IAsyncDisposable
    where T : WatchedReplica
{
    private static readonly TimeSpan Resolving = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly Dictionary<Uri, (T Replica, CancellationTokenSource Gone, Task Task)> replicas = [];
    private CancellationTokenSource? over;
    private Task running = Task.CompletedTask;
    private int watchers;

    /// <summary>What is known of each replica; none before the first is found.</summary>
    public IReadOnlyList<T> Replicas
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
        foreach (var service in suite.Services)
        {
            try
            {
                foreach (var replica in await suite.FindAsync(service, stop))
                    Add(replica);
            }
            catch (Exception unknown) when (unknown is SocketException or OperationCanceledException)
            {
                // A name that is not known now: those of before are not there either, or are heard.
                found.UnionWith(Replicas.Where(replica => replica.Service == service).Select(replica => replica.Address));
            }
        }

        await ForgetAsync(address => !found.Contains(address));

        void Add(SuiteReplica replica)
        {
            found.Add(replica.Address);
            lock (replicas)
            {
                if (replicas.ContainsKey(replica.Address))
                    return;
                var watched = watch(replica);
                var gone = new CancellationTokenSource();
                replicas.Add(replica.Address, (watched, gone, watched.RunAsync(gone.Token)));
            }
        }
    }

    private async Task ForgetAsync(Func<Uri, bool> which)
    {
        (T Replica, CancellationTokenSource Gone, Task Task)[] leaving;
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

    private sealed class Hold(SuiteWatch<T> watch) : IDisposable
    {
        public void Dispose() => watch.End();
    }
}
