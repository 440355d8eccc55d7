using Microservices.Streaming.Events;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

public sealed class StreamClockTests
{
    [Fact]
    public void However_many_streams_there_are_all_are_called_in_turn()
    {
        var time = new FakeTimeProvider();
        using var clock = new StreamClock(time);
        var calls = new int[2_500];
        for (var i = 0; i < calls.Length; i++)
        {
            var stream = i;
            clock.Add(new TimedStream(() => calls[stream]++));
        }

        for (var i = 0; i < 5; i++)
            time.Advance(StreamClock.Interval);

        Assert.All(calls, n => Assert.Equal(2, n));
    }

    [Fact]
    public void A_stream_that_was_removed_is_called_no_more_and_the_others_still_are()
    {
        var time = new FakeTimeProvider();
        using var clock = new StreamClock(time);
        var calls = new int[3];
        var streams = Enumerable.Range(0, calls.Length).Select(i => clock.Add(new TimedStream(() => calls[i]++))).ToArray();
        time.Advance(StreamClock.Interval);

        clock.Remove(streams[0]);
        clock.Remove(streams[2]);
        time.Advance(StreamClock.Interval);

        Assert.Equal([1, 2, 1], calls);
    }

    private sealed class TimedStream(Action tick) : ITimedStream
    {
        public void Tick() => tick();

        public Microservices.Operations.V1.OpenStream? Describe() => null;

        public bool TryDrain() => false;

        public void End(bool forGood)
        {
        }
    }
}
