using Grpc.Net.Client;

namespace Microservices.Gateway.Operations;

/// <summary>The channels to single replicas: one to each, shared by all who call it at a time and by who calls it within a minute after them. A singleton; thread-safe.</summary>
internal sealed class ReplicaChannels(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly Dictionary<Uri, Shared> channels = [];

    /// <summary>The channel to a replica, until what this returns is disposed of.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="connect">Makes one where there is none.</param>
    public ReplicaChannel Take(Uri address, Func<GrpcChannel> connect)
    {
        lock (gate)
        {
            foreach (var (unused, each) in channels.Where(each => each.Value.Holds == 0 && time.GetElapsedTime(each.Value.Released) >= KeptFor && each.Key != address).ToList())
            {
                channels.Remove(unused);
                each.Channel.Dispose();
            }

            if (!channels.TryGetValue(address, out var shared))
                channels.Add(address, shared = new(connect()));
            shared.Holds++;
            return new(shared.Channel, () => Release(shared));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (var shared in channels.Values)
                shared.Channel.Dispose();
            channels.Clear();
        }
    }

    private void Release(Shared shared)
    {
        lock (gate)
        {
            shared.Holds--;
            shared.Released = time.GetTimestamp();
        }
    }

    private sealed class Shared(GrpcChannel channel)
    {
        public GrpcChannel Channel => channel;

        public int Holds { get; set; }

        public long Released { get; set; }
    }
}

/// <summary>A channel for as long as somebody needs it; others may use it too.</summary>
internal sealed class ReplicaChannel(GrpcChannel channel, Action release) : IDisposable
{
    private Action? release = release;

    public GrpcChannel Channel => channel;

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
