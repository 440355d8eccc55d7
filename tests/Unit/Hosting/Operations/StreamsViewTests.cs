using Google.Protobuf.WellKnownTypes;
using Microservices.Hosting.Operations;
using Microservices.Operations.V1;

namespace Microservices.Tests.Unit.Hosting.Operations;

public sealed class StreamsViewTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    [Fact]
    public void The_first_frame_has_what_is_open_and_the_next_ones_what_has_changed()
    {
        var view = new StreamsView(new());

        var first = Assert.Single(view.Next(Sample(Open("a"), Open("b"))));
        Assert.Equal(["a", "b"], first.Streams.Select(stream => stream.StreamId));
        Assert.Equal(2, first.Total);
        Assert.Empty(view.Next(Sample(Open("a"), Open("b"))));

        var next = Assert.Single(view.Next(Sample(Open("a", lag: 3), Open("c"))));
        Assert.Equal(["a", "c"], next.Streams.Select(stream => stream.StreamId));
        Assert.Equal(["b"], next.GoneStreamIds);
    }

    [Fact]
    public void Of_nothing_the_first_frame_says_so() => Assert.Equal(0, Assert.Single(new StreamsView(new()).Next(Sample())).Total);

    [Fact]
    public void While_nothing_changes_a_frame_says_every_two_seconds_that_it_is_so()
    {
        var view = new StreamsView(new());
        view.Next(Sample(Open("a")));

        Assert.Empty(view.Next(Sample(Open("a")) with { At = Now.AddSeconds(1) }));
        var quiet = Assert.Single(view.Next(Sample(Open("a")) with { At = Now.AddSeconds(2) }));
        Assert.Empty(quiet.Streams);
        Assert.Equal(1, quiet.Total);
        Assert.Empty(view.Next(Sample(Open("a")) with { At = Now.AddSeconds(3) }));
    }

    [Fact]
    public void Those_that_lag_the_most_are_shown_and_the_others_are_counted()
    {
        var view = new StreamsView(new() { MaxStreams = 2 });

        var frame = Assert.Single(view.Next(Sample(Open("a"), Open("b", lag: 1), Open("c", lag: 2))));
        Assert.Equal(["c", "b"], frame.Streams.Select(stream => stream.StreamId));
        Assert.Equal((3, 1), (frame.Total, frame.LeftOut));

        var next = Assert.Single(view.Next(Sample(Open("a", lag: 9), Open("b", lag: 1), Open("c", lag: 2))));
        Assert.Equal("a", Assert.Single(next.Streams).StreamId);
        Assert.Equal("b", Assert.Single(next.GoneStreamIds));
    }

    [Fact]
    public void Only_those_that_were_asked_for_are_shown()
    {
        var ofBob = new OpenStream { StreamId = "b", User = "bob", Method = "m" };

        Assert.Equal(1, Assert.Single(new StreamsView(new() { User = "bob" }).Next(Sample(Open("a"), ofBob))).Total);
        Assert.Equal(0, Assert.Single(new StreamsView(new() { User = "bob", Method = "other" }).Next(Sample(Open("a"), ofBob))).Total);
    }

    [Fact]
    public void Frames_are_bounded_however_large_the_streams_are_and_together_have_all()
    {
        var view = new StreamsView(new() { MaxStreams = 1_000 });
        var frames = view.Next(Sample([.. Enumerable.Range(0, 900).Select(i => Open($"{i}{new string('x', 1_000)}"))]));

        Assert.True(frames.Count > 1);
        Assert.All(frames, frame => Assert.InRange(frame.CalculateSize(), 1, StreamsView.FrameBytes + 4_000));
        Assert.Equal(900, frames.Sum(frame => frame.Streams.Count));
        Assert.All(frames.SkipLast(1), frame => Assert.True(frame.More));
        Assert.False(frames[^1].More);
    }

    private static StreamSample Sample(params OpenStream[] streams) => new(Now, streams, 0);

    private static OpenStream Open(string id, long lag = 0) => new() { StreamId = id, Lag = lag, User = "ada", OpenTime = Timestamp.FromDateTimeOffset(Now) };
}
