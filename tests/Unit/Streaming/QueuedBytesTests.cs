using Microservices.Streaming.Events;

namespace Microservices.Tests.Unit.Streaming;

public sealed class QueuedBytesTests
{
    [Fact]
    public void The_sum_has_what_was_reported_last_and_nothing_of_a_stream_that_has_ended_whatever_it_reports_late()
    {
        var sum = 0L;
        var (one, other) = (new QueuedBytes(change => sum += change), new QueuedBytes(change => sum += change));

        one.Report(100);
        other.Report(10);
        one.Report(40);
        Assert.Equal(50, sum);

        one.End();
        one.Report(100);
        Assert.Equal(10, sum);
        other.End();
        Assert.Equal(0, sum);
    }

    [Fact]
    public async Task Reports_of_several_threads_and_the_end_among_them_leave_nothing_behind()
    {
        for (var round = 0; round < 1_000; round++)
        {
            var sum = 0L;
            var stream = new QueuedBytes(change => Interlocked.Add(ref sum, change));
            using var start = new Barrier(3);
            await Task.WhenAll(Task.Run(() => Reports(1)), Task.Run(() => Reports(7)), Task.Run(() =>
            {
                start.SignalAndWait();
                stream.End();
            }));
            Assert.Equal(0, sum);

            void Reports(int bytes)
            {
                start.SignalAndWait();
                for (var i = 0; i < 20; i++)
                    stream.Report(bytes * i);
            }
        }
    }
}
