using System.Globalization;
using Microservices.Gateway.Limits;

namespace Microservices.Tests.Unit.Gateway.Limits;

/// <summary>How the cells of callers are kept. Alone, since the memory of the whole process is measured.</summary>
[CollectionDefinition(nameof(RateCellsTests), DisableParallelization = true)]
[Collection(nameof(RateCellsTests))]
public sealed class RateCellsTests
{
    private const int Most = 100_000;
    private static readonly RatePolicy Policy = new("address", Rate: 10, Burst: 100);

    [Fact]
    public void However_many_callers_come_the_memory_is_bounded()
    {
        var cells = new RateCells(Policy, Most);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 4 * Most; i++)
            cells.Of(i.ToString("x32", CultureInfo.InvariantCulture)).Take(0, 1, isShared: false);

        Assert.InRange(cells.Count, Most / 2, Most);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)cells.Count;
        Assert.True(each < 400, $"{each:0} bytes each");
        GC.KeepAlive(cells);
    }

    [Fact]
    public void Who_goes_on_asking_is_kept_and_who_has_not_asked_is_forgotten_first()
    {
        var cells = new RateCells(Policy, 100);
        var (first, busy) = (cells.Of("first"), cells.Of("busy"));
        for (var i = 0; i < 1_000; i++)
        {
            cells.Of($"{i}");
            Assert.Same(busy, cells.Of("busy"));
        }

        Assert.NotSame(first, cells.Of("first"));
    }
}
