using System.Collections.Concurrent;
using Grpc.Net.Client;
using Microservices.Streaming.Calls;

namespace Microservices.Streaming.Events;

/// <summary>
/// The replicas that a client of event streams knows: one channel for each, shared by its streams. Those that drain are avoided for as long
/// as they ask. Thread-safe.
/// </summary>
internal sealed class ReplicaChoice(IReplicaSource source, EventStreamClientOptions options, TimeProvider time, AwayReplicas away, ILoggerFactory logging) : IDisposable
{
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<Uri, long> _leaving = new();
    private readonly Dictionary<Uri, (GrpcChannel Channel, int Users)> _channels = [];
    private readonly SemaphoreSlim _resolving = new(1);
    private readonly Lock _lock = new();

    /// <summary>
    /// A random replica that does not drain, if possible not the one to avoid. When all drain, the one whose drain began first, which may be
    /// back by now. Null when there is none at the moment, or their names cannot be resolved.
    /// </summary>
    internal async ValueTask<Uri?> ChooseAsync(Uri? avoid, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Uri> known;
        await _resolving.WaitAsync(cancellationToken);
        try
        {
            known = await source.ResolveAsync(cancellationToken);
            away.Resolved(options.Addresses);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            away.NotResolved(options.Addresses, e);
            return null;
        }
        finally
        {
            _resolving.Release();
        }

        CloseUnused(known);
        var now = time.GetTimestamp();
        foreach (var (address, until) in _leaving)
        {
            if (until <= now)
                _leaving.TryRemove(address, out _);
        }

        var present = known.Where(a => !_leaving.ContainsKey(a)).ToArray();
        var preferred = present.Where(a => a != avoid).ToArray();
        var choice = preferred.Length > 0 ? preferred : present;
        return choice.Length > 0
            ? choice[Random.Shared.Next(choice.Length)]
            : known.Where(a => a != avoid).MinBy(a => _leaving.GetValueOrDefault(a, long.MaxValue));
    }

    internal void Leave(Uri address, TimeSpan reconnectAfter)
    {
        _leaving[address] = time.GetTimestamp() + ClockTicks.From(reconnectAfter, time);
        away.Left(address);
    }

    /// <summary>The channel to a replica. <see cref="Release"/> it once.</summary>
    internal GrpcChannel Acquire(Uri address)
    {
        lock (_lock)
        {
            var (channel, users) = _channels.TryGetValue(address, out var known) ? known : (Connect(address), 0);
            _channels[address] = (channel, users + 1);
            return channel;
        }
    }

    internal void Release(Uri address)
    {
        lock (_lock)
        {
            if (_channels.TryGetValue(address, out var known))
                _channels[address] = (known.Channel, known.Users - 1);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (channel, _) in _channels.Values)
                channel.Dispose();
            _channels.Clear();
        }

        _resolving.Dispose();
    }

    private void CloseUnused(IReadOnlyCollection<Uri> known)
    {
        lock (_lock)
        {
            foreach (var (address, (channel, _)) in _channels.Where(c => c.Value.Users == 0 && !known.Contains(c.Key)).ToArray())
            {
                _channels.Remove(address);
                channel.Dispose();
                away.Forget(address);
            }
        }
    }

    private GrpcChannel Connect(Uri address) => ReplicaChannel.Open(address, options.ConnectTimeout, PingDelay, PingTimeout, options.Tls?.Options(ConfiguredReplicas.NamesOf(options.Addresses)), logging);
}
