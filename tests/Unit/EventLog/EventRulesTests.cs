using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

public sealed class EventRulesTests
{
    [Theory]
    [InlineData("orders/user/ada", 1_024, "x", 81_920)]
    [InlineData("a", 512, "é", 1)]
    [InlineData("A-Z_a.z:0/9@", 341, "€", 0)]
    [InlineData("a", 256, "😀", 1)]
    [InlineData("a", 0, "x", 1)]
    public void What_any_log_takes_may_be_an_event(string topic, int times, string character, int bytes) =>
        Assert.Null(EventRules.Violation(topic, string.Concat(Enumerable.Repeat(character, times)), bytes));

    [Theory]
    [InlineData("a", 1_025, "x", 1, "key")]
    [InlineData("a", 1_024, "é", 1, "key")]
    [InlineData("a", 513, "é", 1, "key")]
    [InlineData("a", 342, "€", 1, "key")]
    [InlineData("a", 1, "\0", 1, "key")]
    [InlineData("", 0, "x", 1, "topic")]
    [InlineData("a b", 0, "x", 1, "topic")]
    [InlineData("orders/user/{ada}", 0, "x", 1, "topic")]
    [InlineData("orders/user/zoë", 0, "x", 1, "topic")]
    [InlineData("a\n", 0, "x", 1, "topic")]
    [InlineData("a", 0, "x", 81_921, "81921 bytes")]
    public void What_a_log_may_refuse_is_told_where_it_is_made(string topic, int times, string character, int bytes, string about) =>
        Assert.Contains(about, EventRules.Violation(topic, string.Concat(Enumerable.Repeat(character, times)), bytes), StringComparison.Ordinal);

    [Fact]
    public void Half_a_character_is_no_key() => Assert.NotNull(EventRules.Violation("a", "x\ud83d", 1));

    [Fact]
    public void A_topic_has_at_most_200_characters()
    {
        Assert.Null(EventRules.Violation(new string('a', 200), "", 1));
        Assert.NotNull(EventRules.Violation(new string('a', 201), "", 1));
    }
}
