using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>A stream, and where it is open.</summary>
internal sealed record LocatedStream(string Service, Uri Address, OpenStream Stream);

/// <summary>What is open in the suite at a moment.</summary>
/// <param name="Time">When it was so.</param>
/// <param name="Streams">The streams, those that lag the most first, and among equals those that are open longest.</param>
/// <param name="LeftOut">How many more there are.</param>
/// <param name="IsKnown">Whether every replica has told of its streams, or is lost.</param>
/// <param name="Lost">The replicas of which nothing is heard: their streams are not among these.</param>
internal sealed record SuiteSample(DateTimeOffset Time, IReadOnlyList<LocatedStream> Streams, int LeftOut, bool IsKnown, IReadOnlyList<WatchedStreams> Lost);

/// <summary>The streams that all replicas have open, put together about once a second for all who look, and at most <see cref="MostStreams"/> of them. A singleton; thread-safe.</summary>
internal sealed class SuiteStreams(SuiteWatch<WatchedStreams> suite, TimeProvider time)
{
    /// <summary>How many streams are told of.</summary>
    public const int MostStreams = 1_000;

    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(0.5);
    private readonly Lock gate = new();
    private SuiteSample? last;

    /// <summary>Somebody wants to know, until what this returns is disposed of.</summary>
    public IDisposable Begin() => suite.Begin();

    /// <summary>What is open, or was a moment ago.</summary>
    public SuiteSample Current()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (last is null || now - last.Time >= GoodFor || now < last.Time)
                last = Merge(suite.Replicas, now);
            return last;
        }
    }

    private static SuiteSample Merge(IReadOnlyList<WatchedStreams> replicas, DateTimeOffset now)
    {
        // What it said last is not what it has now, when it is not heard.
        var lost = replicas.Where(replica => replica.LostSince is not null).ToList();
        var heard = replicas.Except(lost).Select(replica => (Replica: replica, replica.Current)).ToList();
        var all = heard.SelectMany(each => each.Current?.Streams.Select(stream => new LocatedStream(each.Replica.Service, each.Replica.Address, stream)) ?? []).ToList();
        return new(
            now,
            [.. all.OrderByDescending(each => each.Stream.Lag).ThenBy(each => each.Stream.OpenTime).ThenBy(each => each.Stream.StreamId, StringComparer.Ordinal).Take(MostStreams)],
            heard.Sum(each => each.Current?.LeftOut ?? 0) + Math.Max(0, all.Count - MostStreams),
            replicas.Count > 0 && heard.All(each => each.Current is not null),
            lost);
    }
}
