namespace Microservices.Tests.Unit.Streaming.Calls;

public sealed class ReadyStreamsTests : IDisposable
{
    private readonly CallParts parts = new();

    public void Dispose() => parts.Dispose();

    [Fact]
    public void The_stream_with_the_fewest_calls_outstanding_is_chosen()
    {
        using var held = parts.Gate.EnterScope();
        var streams = new[] { parts.AddStream(), parts.AddStream(), parts.AddStream() };
        (streams[0].Outstanding, streams[1].Outstanding, streams[2].Outstanding) = (3, 1, 2);

        for (var i = 0; i < 10; i++)
            Assert.Same(streams[1], parts.Streams.LeastLoaded());
        Assert.Same(streams[2], parts.Streams.LeastLoaded(exceptReplica: streams[1].Replica));
    }

    [Fact]
    public void Streams_that_are_equally_loaded_take_turns()
    {
        using var held = parts.Gate.EnterScope();
        var streams = new[] { parts.AddStream(), parts.AddStream(), parts.AddStream() };

        var chosen = Enumerable.Range(0, 300).Select(_ => parts.Streams.LeastLoaded()!).ToList();

        Assert.All(streams, stream => Assert.Equal(100, chosen.Count(one => one == stream)));
    }

    [Fact]
    public void A_stream_without_credit_is_not_chosen_and_none_is_when_no_stream_has_any()
    {
        using var held = parts.Gate.EnterScope();
        Assert.Null(parts.Streams.LeastLoaded());
        var (full, free) = (parts.AddStream(credit: 1), parts.AddStream(credit: 2));
        (full.Outstanding, free.Outstanding) = (1, 1);
        Assert.Same(free, parts.Streams.LeastLoaded());

        free.Outstanding = 2;
        Assert.Null(parts.Streams.LeastLoaded());
        free.Outstanding = 1;
        Assert.Null(parts.Streams.LeastLoaded(exceptReplica: free.Replica));
    }

    [Fact]
    public void It_is_told_each_time_that_the_last_stream_is_gone_and_not_before()
    {
        using var held = parts.Gate.EnterScope();
        var (one, other) = (parts.AddStream(), parts.AddStream());
        var emptied = parts.Streams.Emptied;
        parts.Streams.Remove(one);
        parts.Streams.Remove(one);
        Assert.False(emptied.IsCompleted);
        parts.Streams.Remove(other);
        Assert.True(emptied.IsCompleted);

        parts.Streams.Add(one);
        Assert.False(parts.Streams.Emptied.IsCompleted);
        Assert.Equal(1, parts.Streams.Count);
    }
}
