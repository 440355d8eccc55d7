using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Streaming;

public sealed class ConcurrencyLimitTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Beyond_the_limit_nothing_enters_until_something_leaves()
    {
        var limit = new ConcurrencyLimit(1, 3, time);

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => limit.TryEnter()));
        limit.Ignored();

        Assert.True(limit.TryEnter());
        Assert.Equal(3, limit.InFlight);
    }

    [Fact]
    public void It_grows_while_it_is_made_use_of_and_answers_come_as_fast_as_ever()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        var before = limit.Current;

        Load(limit, windows: 100, milliseconds: 5);

        Assert.InRange(limit.Current, before + 50, 1024);
    }

    [Fact]
    public void It_shrinks_to_its_minimum_while_answers_take_several_times_as_long_and_recovers()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        Load(limit, windows: 20, milliseconds: 5);

        Load(limit, windows: 60, milliseconds: 50);
        Assert.InRange(limit.Current, 8, 20);

        Load(limit, windows: 400, milliseconds: 5);
        Assert.InRange(limit.Current, 100, 1024);
    }

    [Fact]
    public void It_shrinks_when_calls_are_dropped_and_not_below_its_minimum()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);

        Load(limit, windows: 100, milliseconds: null);

        Assert.Equal(8, limit.Current);
    }

    [Fact]
    public void Idle_it_stays_as_it_is_however_long_answers_take()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        var before = limit.Current;
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(limit.TryEnter());
            time.Advance(TimeSpan.FromMilliseconds(20));
            limit.Answered(TimeSpan.FromMilliseconds(i));
        }

        Assert.Equal(before, limit.Current);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(60)]
    public void An_impatient_caller_takes_no_room_from_the_others(int given)
    {
        // 100 calls at a time that take 50 ms, and one caller that gives its own no longer than that or hardly, 12 times a second: for a minute.
        var limit = new ConcurrencyLimit(8, 1024, time);
        var before = limit.Current;
        for (var round = 0; round < 1_200; round++)
        {
            for (var i = 0; i < 100; i++)
                Assert.True(limit.TryEnter());
            var impatient = round % 2 == 0 && limit.TryEnter();
            time.Advance(TimeSpan.FromMilliseconds(50));
            for (var i = 0; i < 100; i++)
                limit.Answered(TimeSpan.FromMilliseconds(50));
            if (impatient)
                limit.Failed(StatusCode.DeadlineExceeded, null, TimeSpan.FromMilliseconds(60), given: TimeSpan.FromMilliseconds(given));
        }

        Assert.InRange(limit.Current, before, 1024);
    }

    [Fact]
    public void Calls_that_were_given_less_time_than_one_usually_takes_say_nothing_however_many_they_are()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        Load(limit, windows: 50, milliseconds: 100);
        var before = limit.Current;

        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(limit.TryEnter());
            time.Advance(TimeSpan.FromMilliseconds(10));
            limit.Failed(StatusCode.DeadlineExceeded, null, TimeSpan.FromMilliseconds(500), given: TimeSpan.FromMilliseconds(110));
        }

        Assert.Equal(before, limit.Current);
    }

    [Fact]
    public void What_the_client_itself_has_shed_says_nothing_of_the_backend()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        var before = limit.Current;

        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(limit.TryEnter());
            time.Advance(TimeSpan.FromMilliseconds(5));
            limit.Failed(StatusCode.ResourceExhausted, CallErrors.Shed().GetRpcStatus(), TimeSpan.FromMilliseconds(5), given: TimeSpan.FromSeconds(1));
        }

        Assert.Equal(before, limit.Current);
    }

    [Theory]
    [InlineData(StatusCode.DeadlineExceeded, true)]
    [InlineData(StatusCode.ResourceExhausted, true)]
    [InlineData(StatusCode.ResourceExhausted, false)]
    [InlineData(StatusCode.Unavailable, false)]
    [InlineData(StatusCode.Cancelled, false)]
    public void Only_a_backend_that_is_late_or_says_that_it_has_too_much_to_do_shrinks_it(StatusCode code, bool shrinks)
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        var before = limit.Current;
        // As gRPC itself says that an answer is too large; as our services say that they have too much to do.
        var status = new Google.Rpc.Status { Code = (int)code };
        if (shrinks)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) }));

        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(limit.TryEnter());
            time.Advance(TimeSpan.FromMilliseconds(5));
            limit.Failed(code, status, TimeSpan.FromMilliseconds(500), given: TimeSpan.FromMilliseconds(500));
        }

        if (shrinks)
            Assert.InRange(limit.Current, 8, before - 50);
        else
            Assert.Equal(before, limit.Current);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void One_that_has_shrunk_comes_back_by_itself_with_little_load_and_with_none(int calls)
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        var before = limit.Current;
        Load(limit, windows: 100, milliseconds: null);
        Assert.Equal(8, limit.Current);

        for (var second = 0; second < 30; second++)
        {
            for (var i = 0; i < calls; i++)
                Assert.True(limit.TryEnter());
            time.Advance(TimeSpan.FromSeconds(1));
            for (var i = 0; i < calls; i++)
                limit.Answered(TimeSpan.FromMilliseconds(5));
        }

        // All at once, as callers come back after an outage.
        Assert.Equal(before, Enumerable.Range(0, 1024).Count(_ => limit.TryEnter()));
    }

    [Fact]
    public void What_latency_has_taught_it_stays_during_a_pause_between_two_overloads()
    {
        var limit = new ConcurrencyLimit(8, 1024, time);
        Load(limit, windows: 20, milliseconds: 50);
        Load(limit, windows: 30, milliseconds: 200);
        var learned = limit.Current;
        Assert.InRange(learned, 8, 100);

        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(learned, limit.Current);
    }

    // As many as may enter, again and again; null drops them all.
    private void Load(ConcurrencyLimit limit, int windows, double? milliseconds)
    {
        for (var window = 0; window < windows; window++)
        {
            while (limit.TryEnter())
            {
            }

            time.Advance(TimeSpan.FromMilliseconds(100));
            while (limit.InFlight > 0)
            {
                if (milliseconds is { } latency)
                    limit.Answered(TimeSpan.FromMilliseconds(latency));
                else
                    limit.TimedOut(TimeSpan.FromMilliseconds(100));
            }
        }
    }
}
