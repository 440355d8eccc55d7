using System.Globalization;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.Hostile;

/// <summary>
/// A good caller's pace without others and beside them: rounds with and without them take turns, so that whatever else goes on here slows both. Watches the
/// processes meanwhile.
/// </summary>
internal sealed class GoodCallersPace : IAsyncDisposable
{
    /// <summary>How many rounds there are of each.</summary>
    public const int Rounds = 5;

    private const int CallsOfRound = 150;

    // Twice as long at the most. What is below a second is not judged: two cores do all of it, the others' part too, and without the bounds the
    // good one's calls took as long as they may, 10 s.
    private const double MaxSlower = 2;
    private static readonly TimeSpan AnyCaller = TimeSpan.FromSeconds(1);

    private readonly ProcessWatch watch;
    private readonly GoodCaller good;
    private readonly List<TimeSpan> without = [];
    private readonly List<TimeSpan> beside = [];

    private GoodCallersPace(ProcessWatch watch, GoodCaller good) => (this.watch, this.good) = (watch, good);

    /// <summary>The good caller begins.</summary>
    /// <param name="suite">What it calls.</param>
    /// <param name="what">What the others do, to be said beside what a process logs.</param>
    public static async Task<GoodCallersPace> StartAsync(HostileSuite suite, string what) =>
        new(new ProcessWatch(suite.All, () => what), await GoodCaller.StartAsync(suite));

    /// <summary>Measures; says what it was.</summary>
    /// <param name="begin">Lets the others begin; they end when what it adds is disposed of.</param>
    /// <param name="isOver">Whether what they left behind is done with.</param>
    public async Task<string> CompareAsync(Func<List<IAsyncDisposable>, Task> begin, Func<Task<bool>> isOver)
    {
        // What runs for the first time is compiled; that is not what is compared.
        await P99Async();
        for (var round = 0; round < Rounds; round++)
        {
            without.Add(await P99Async());
            var others = new List<IAsyncDisposable>();
            await begin(others);
            beside.Add(await P99Async());
            foreach (var other in others)
                await other.DisposeAsync();
            await Eventually.UntilAsync(isOver, "what the others left behind is done with");
            await P99Async();
        }

        await good.StopAsync();
        return $"p99 of each round without: {Text(without)}; beside: {Text(beside)}; the longest call {good.Longest.TotalMilliseconds:0} ms; {watch.Peaks}";
    }

    /// <summary>Fails when a good call went wrong, or took much longer, or when a process failed or needed more memory than its pod has.</summary>
    public void RequireUnharmed()
    {
        Assert.Empty(good.Problems);
        Assert.Empty(watch.Problems);
        Assert.Empty(watch.Lines);
        var (quiet, loud) = (Median(without), Median(beside));
        Assert.True(loud <= quiet * MaxSlower || loud <= AnyCaller, $"A good caller's p99 was {quiet.TotalMilliseconds:0} ms, and {loud.TotalMilliseconds:0} ms beside the others");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await good.DisposeAsync();
        await watch.DisposeAsync();
    }

    private async Task<TimeSpan> P99Async()
    {
        good.TakeP99();
        await Eventually.UntilAsync(() => good.Calls >= CallsOfRound, "the good caller's calls are answered");
        return good.TakeP99();
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    private static string Text(List<TimeSpan> times) => string.Join(" ", times.Select(time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")));
}
