using Microservices.Topics;

namespace Microservices.Tests.Unit.Topics;

public sealed class KeyedTopicsTests
{
    [Theory]
    [InlineData("", 2)]
    [InlineData("ada", 15)]
    [InlineData("01936e6f-5ca3-7000-8000-000000000000", 10)]
    public void A_key_has_the_same_partition_for_ever(string key, int partition) => Assert.Equal(partition, KeyedTopics.PartitionOf(key));

    [Fact]
    public void Keys_spread_over_all_partitions()
    {
        var counts = Enumerable.Range(0, 16_000).Select(_ => KeyedTopics.PartitionOf(Guid.CreateVersion7().ToString())).CountBy(p => p).ToList();

        Assert.Equal(KeyedTopics.Partitions, counts.Count);
        Assert.All(counts, count => Assert.InRange(count.Value, 800, 1_200));
    }
}
