using Microservices.EventLog;
using Microservices.Orders;
using Microservices.Persistence;

namespace Microservices.Tests.Unit.Persistence;

/// <summary>
/// The state of a topic, where its log ends, and what the relay makes of it. The log keeps five events; events 11 to 20 were committed, and they
/// were relayed up to 15 or to 20.
/// </summary>
public sealed class OutboxRepairTests
{
    private const string Mine = "mine";
    private const string Other = "other";
    private const string Stay = "stay";
    private const string NewEpoch = "new epoch";

    // relayed, oldest kept, the log's epoch and last offset, conflict; whether it shows in a comparison (and where the log has forgotten quiet ones), and what follows
    [Theory]
    // The log has what was relayed.
    [InlineData(20, 11, Mine, 20, false, false, false, Stay)]
    [InlineData(15, 11, Mine, 15, false, false, false, Stay)]
    // It has more than that: the relay died before it moved the mark. The next append says so.
    [InlineData(15, 11, Mine, 18, false, false, false, Stay)]
    // It has nothing: it is refilled with as much as it keeps, of what is kept.
    [InlineData(20, 11, "", 0, false, true, false, "15")]
    [InlineData(20, 18, "", 0, false, true, false, "17")]
    [InlineData(20, 20, "", 0, false, true, false, "19")]
    [InlineData(15, 11, "", 0, false, true, false, Stay)]
    [InlineData(17, 11, "", 0, false, true, false, "15")]
    // Nothing is kept to refill it with.
    [InlineData(20, 0, "", 0, false, true, false, Stay)]
    // It has another numbering: the same, and the append begins it anew.
    [InlineData(20, 11, Other, 3, false, true, true, "15")]
    [InlineData(20, 11, Other, 20, false, true, true, "15")]
    [InlineData(20, 11, Other, 99, false, true, true, "15")]
    // It was rewound: it goes on where it ends, as long as what follows is kept.
    [InlineData(20, 11, Mine, 13, false, true, true, "13")]
    [InlineData(20, 11, Mine, 10, false, true, true, "10")]
    [InlineData(15, 11, Mine, 12, false, true, true, "12")]
    [InlineData(20, 11, Mine, 9, false, true, true, NewEpoch + " 15")]
    [InlineData(20, 18, Mine, 16, false, true, true, NewEpoch + " 17")]
    // It knows of a future that the database does not: that was restored from a copy.
    [InlineData(20, 11, Mine, 21, false, true, true, NewEpoch + " 15")]
    [InlineData(15, 11, Mine, 99, false, true, true, NewEpoch + " 15")]
    // It has another event at an offset that both have.
    [InlineData(20, 11, Mine, 20, true, false, false, NewEpoch + " 15")]
    [InlineData(20, 11, Mine, 13, true, true, true, NewEpoch + " 15")]
    [InlineData(20, 0, Mine, 20, true, false, false, Stay)]
    public void A_topic_goes_on_where_its_log_and_what_is_kept_allow(
        long relayed, long oldest, string epoch, long last, bool conflict, bool isSuspect, bool alsoAmongForgotten, string expected)
    {
        var topic = new OutboxTopic { Topic = "a", Epoch = Mine, LastOffset = 20, RelayedOffset = relayed, UpdatedAtMs = 0 };
        var head = new TopicHead("a", epoch, last);

        Assert.Equal(isSuspect, OutboxCheck<OrdersDbContext>.IsSuspect(topic, head, withForgotten: true));
        Assert.Equal(alsoAmongForgotten, OutboxCheck<OrdersDbContext>.IsSuspect(topic, head, withForgotten: false));
        var mark = OutboxRepair<OrdersDbContext>.MarkFor(topic, oldest, head, conflict, maxEvents: 5);
        Assert.Equal(expected, mark is not { } move ? Stay : move.NewEpoch is null ? $"{move.Relayed}" : $"{NewEpoch} {move.Relayed}");
        Assert.NotEqual(Mine, mark?.NewEpoch);
    }

    [Fact]
    public void A_topic_that_was_never_relayed_is_no_suspect() => Assert.False(OutboxCheck<OrdersDbContext>.IsSuspect(
        new OutboxTopic { Topic = "a", Epoch = Mine, LastOffset = 20, RelayedOffset = 0, UpdatedAtMs = 0 }, new TopicHead("a", "", 0), withForgotten: true));
}
