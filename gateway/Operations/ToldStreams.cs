using System.Text.Json;
using Microservices.Gateway.Events;
using Microservices.Gateway.Rest;

namespace Microservices.Gateway.Operations;

/// <summary>
/// What one client was told of the streams. Each time it is told what has changed since, in about <see cref="MostBytes"/> at most: what has no room waits, those that were told of longest ago come
/// first, and each is then told as it is then. Not thread-safe.
/// </summary>
internal sealed class ToldStreams
{
    /// <summary>How much is told at a time, in bytes: the stream that reaches it is the last.</summary>
    public const int MostBytes = 256 * 1024;

    private readonly Dictionary<string, (LocatedStream Stream, long Round)> told = [];
    private long round;

    /// <summary>Writes the events that bring the client towards the sample.</summary>
    public void Write(SseWriter writer, SuiteSample sample)
    {
        round++;
        var open = sample.Streams.Select(each => each.Stream.StreamId).ToHashSet();
        var gone = told.Keys.Where(id => !open.Contains(id)).ToList();
        gone.ForEach(id => told.Remove(id));
        var changed = sample.Streams.Where(each => !told.TryGetValue(each.Stream.StreamId, out var before) || !before.Stream.Equals(each))
            .OrderBy(each => told.TryGetValue(each.Stream.StreamId, out var before) ? before.Round : 0).ToList();
        var behind = changed.Count;
        foreach (var each in changed.TakeWhile(_ => writer.UnflushedBytes < MostBytes))
        {
            writer.Event("stream", null, json => JsonSerializer.Serialize(json, each.ToResource(), GatewayJson.Default.StreamStatus));
            told[each.Stream.StreamId] = (each, round);
            behind--;
        }

        var state = new StreamsState
        {
            Time = sample.Time,
            GoneStreamIds = gone,
            LeftOut = sample.LeftOut,
            Behind = behind,
            Complete = sample.IsKnown && behind == 0,
            Lost = [.. sample.Lost.Select(replica => new LostReplica { Service = replica.Service, Replica = replica.Address.Authority, LostTime = replica.LostSince ?? sample.Time })],
        };
        writer.Event("streams", null, json => JsonSerializer.Serialize(json, state, GatewayJson.Default.StreamsState));
    }
}
