using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>What a replica has open at a moment.</summary>
/// <param name="Streams">The streams. They are shared: not to be changed.</param>
/// <param name="LeftOut">How many more there are.</param>
internal sealed record ReplicaStreams(IReadOnlyList<OpenStream> Streams, int LeftOut);

/// <summary>A replica, as it tells which streams it has open (WatchStreams): as many as <see cref="MostStreams"/>. Thread-safe.</summary>
internal sealed class WatchedStreams(SuiteReplica replica, TimeProvider time) : WatchedReplica(replica, time)
{
    /// <summary>How many streams of a replica are looked at.</summary>
    public const int MostStreams = 500;

    private volatile ReplicaStreams? current;

    /// <summary>What it last said; null before.</summary>
    public ReplicaStreams? Current => current;

    protected override async Task ListenAsync(GrpcChannel channel, CancellationToken stop)
    {
        var open = new Dictionary<string, OpenStream>();
        using var watch = new StreamsService.StreamsServiceClient(channel).WatchStreams(new WatchStreamsRequest { MaxStreams = MostStreams }, cancellationToken: stop);
        await foreach (var frame in watch.ResponseStream.ReadAllAsync(CancellationToken.None))
        {
            foreach (var stream in frame.Streams)
            {
                // Not told, and all that heartbeats change.
                stream.LastSendTime = null;
                open[stream.StreamId] = stream;
            }

            foreach (var gone in frame.GoneStreamIds)
                open.Remove(gone);
            if (frame.More)
                continue;
            current = new ReplicaStreams([.. open.Values], frame.LeftOut);
            Hear();
        }
    }
}
