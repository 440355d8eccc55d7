using Microservices.Operations.V1;
using Microservices.Streaming.V1;

namespace Microservices.Hosting.Operations;

/// <summary>What the process has open at a moment.</summary>
/// <param name="At">When it was so.</param>
/// <param name="Streams">The streams. They are shared: not to be changed.</param>
/// <param name="NotLookedAt">How many more there are.</param>
internal sealed record StreamSample(DateTimeOffset At, IReadOnlyList<OpenStream> Streams, int NotLookedAt);

/// <summary>
/// Looks at the streams that are open when somebody wants to know, at most about once a second however many there are who do: streams themselves do nothing for it. A
/// singleton; thread-safe.
/// </summary>
internal sealed class StreamSampler(IEnumerable<IOpenStreams> sources, TimeProvider time)
{
    /// <summary>How often watchers look.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // It costs a microsecond and half a kilobyte for each.
    private const int MostLookedAt = 20_000;
    private readonly Lock gate = new();
    private readonly IOpenStreams[] sources = [.. sources];
    private WeakReference<StreamSample>? last;

    /// <summary>What is open, or was a moment ago.</summary>
    public StreamSample Current()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (last is not null && last.TryGetTarget(out var known) && now - known.At < Interval / 2 && now >= known.At)
                return known;
            var sample = Look(now);
            last = new(sample);
            return sample;
        }
    }

    /// <summary>The stream with this id; null when it is not open here.</summary>
    public IStreamHandle? Find(string id) => sources.SelectMany(source => source.Open).FirstOrDefault(stream => stream.Describe()?.StreamId == id);

    private StreamSample Look(DateTimeOffset now)
    {
        var streams = new List<OpenStream>();
        var left = 0;
        foreach (var source in sources)
        {
            foreach (var stream in source.Open)
            {
                if (streams.Count >= MostLookedAt)
                    left++;
                else if (stream.Describe() is { } open)
                    streams.Add(open);
            }
        }

        return new(now, streams, left);
    }
}
