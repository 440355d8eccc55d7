using Google.Protobuf.WellKnownTypes;
using Microservices.Operations.V1;

namespace Microservices.Hosting.Operations;

/// <summary>What one watcher was told of the streams: the next frames are what has changed since. Not thread-safe.</summary>
internal sealed class StreamsView(WatchStreamsRequest wanted)
{
    /// <summary>How large a frame gets, in bytes: the stream that reaches it is the last.</summary>
    internal const int FrameBytes = 256 * 1024;
    private const int DefaultStreams = 200;
    private const int MostStreams = 1_000;

    // Whoever watches takes longer silence for the loss of the process.
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(2);
    private readonly int most = wanted.MaxStreams == 0 ? DefaultStreams : Math.Min(wanted.MaxStreams, MostStreams);
    private Dictionary<string, OpenStream> told = [];
    private (int Matching, int LeftOut)? total;
    private DateTimeOffset toldAt;

    /// <summary>The frames that bring the watcher from what it was told to the sample; none when nothing has changed, but for the first time and after two seconds of silence.</summary>
    public IReadOnlyList<WatchStreamsResponse> Next(StreamSample sample)
    {
        var matching = sample.Streams.Where(Matches).OrderByDescending(stream => stream.Lag).ThenBy(stream => stream.OpenTime).ThenBy(stream => stream.StreamId, StringComparer.Ordinal).ToList();
        var shown = matching.Take(most).ToDictionary(stream => stream.StreamId);
        var isFirst = total is null;
        var changed = shown.Values.Where(stream => !told.TryGetValue(stream.StreamId, out var before) || !before.Equals(stream)).ToList();
        var gone = told.Keys.Where(id => !shown.ContainsKey(id)).ToList();
        var (now, left) = (matching.Count, matching.Count - shown.Count + sample.NotLookedAt);
        if (!isFirst && changed.Count == 0 && gone.Count == 0 && total == (now, left) && sample.At - toldAt < MaxSilence)
            return [];
        (told, total, toldAt) = (shown, (now, left), sample.At);
        var frames = Fill(changed);
        frames[0].GoneStreamIds.AddRange(gone);
        for (var i = 0; i < frames.Count; i++)
        {
            frames[i].Time = Timestamp.FromDateTimeOffset(sample.At);
            (frames[i].Total, frames[i].LeftOut, frames[i].More) = (now, left, i + 1 < frames.Count);
        }

        return frames;
    }

    private bool Matches(OpenStream stream) =>
        (wanted.User.Length == 0 || stream.User == wanted.User) && (wanted.Method.Length == 0 || stream.Method == wanted.Method);

    private static List<WatchStreamsResponse> Fill(List<OpenStream> streams)
    {
        List<WatchStreamsResponse> frames = [new()];
        var bytes = 0;
        foreach (var stream in streams)
        {
            if (bytes >= FrameBytes)
            {
                frames.Add(new());
                bytes = 0;
            }

            frames[^1].Streams.Add(stream);
            bytes += stream.CalculateSize();
        }

        return frames;
    }
}
