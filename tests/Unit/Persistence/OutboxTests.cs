using Microservices.Persistence;

namespace Microservices.Tests.Unit.Persistence;

public sealed class OutboxTests
{
    [Theory]
    [InlineData("", 16, 9)]
    [InlineData("ada", 16, 2)]
    [InlineData("01936e6f-5ca3-7000-8000-000000000000", 16, 1)]
    public void A_key_has_the_same_partition_for_ever(string key, int count, int partition) => Assert.Equal(partition, Partition.Of(key, count));

    [Fact]
    public void Keys_spread_over_all_partitions()
    {
        var counts = Enumerable.Range(0, 16_000).Select(_ => Partition.Of(Guid.CreateVersion7().ToString(), 16)).CountBy(p => p).ToList();

        Assert.Equal(16, counts.Count);
        Assert.All(counts, count => Assert.InRange(count.Value, 800, 1_200));
    }
}
