using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

public sealed class SharedBatchTests
{
    private static readonly Position Start = new("e", 0, 0);

    [Fact]
    public void Readers_at_the_same_place_get_the_same_batch_until_there_is_more()
    {
        var state = StateWith(2);

        var (first, isFirst) = state.TakeBatch(Start, 0, 1);
        var (second, isSecond) = state.TakeBatch(Start, 0, 1);
        state.Offer(Event(3));
        var (third, _) = state.TakeBatch(Start, 0, 1);

        Assert.Same(first, second);
        Assert.True(isFirst);
        Assert.False(isSecond);
        Assert.Equal([1, 2], first!.Events.Select(e => e.Offset));
        Assert.Equal([1, 2, 3], third!.Events.Select(e => e.Offset));
    }

    [Fact]
    public void A_reader_elsewhere_gets_what_follows_its_own_place()
    {
        var state = StateWith(3);
        state.TakeBatch(Start, 0, 1);

        var (batch, _) = state.TakeBatch(Event(2).Position, 0, 1);

        Assert.Equal([3], batch!.Events.Select(e => e.Offset));
        Assert.Equal(Event(3).Position, batch.Cursor.Entries[0].Position);
        Assert.Null(state.TakeBatch(Event(3).Position, 0, 1).Batch);
    }

    [Fact]
    public void What_is_made_of_a_batch_is_made_once()
    {
        var batch = StateWith(1).TakeBatch(Start, 0, 1).Batch!;

        Assert.Same(batch.Once(b => new List<int> { b.Events.Count }), batch.Once<List<int>>(_ => throw new InvalidOperationException()));
    }

    private static TopicState StateWith(int events)
    {
        var state = new TopicState(new EventLogOptions(), hasHistory: false);
        state.Initialize(Start);
        state.BeginRead();
        state.Absorb(new LogPage
        {
            Status = ReadStatus.Ok,
            Epoch = "e",
            EarliestOffset = 1,
            LastOffset = 0,
            Events = [],
            Next = Cursor.Earliest,
            Head = Start,
            End = Start,
            ReachedEnd = true,
        });
        for (var i = 1; i <= events; i++)
            state.Offer(Event(i));
        return state;
    }

    private static LogEvent Event(long offset) => new("t", "e", offset, (ulong)offset + 100, offset == 1 ? 0 : (ulong)offset + 99, 0, "", new byte[1]);
}
