using FsCheck.Xunit;
using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

/// <summary>
/// Any interleaving of starts (anywhere, of any delivery), publications, lost ones, truncations, forks, empty logs, reads that take their
/// time, and sweeps.
/// </summary>
public sealed class TopicInterleavingTests
{
    [Property(MaxTest = 1_000, EndSize = 300)]
    public void Every_reader_gets_every_event_once_in_order_or_a_reset_that_has_its_reason(byte[] steps) => Run(steps, isDurable: false);

    [Property(MaxTest = 1_000, EndSize = 300)]
    public void No_reader_of_a_topic_with_a_history_is_ever_reset(byte[] steps) => Run(steps, isDurable: true);

    /// <param name="appended">How many events follow once the log has lost two: it stays shorter, is as long again, or longer.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_live_reader_that_got_what_a_quiet_log_has_lost_since_is_reset(int appended)
    {
        using var run = new Interleaving(isDurable: false);
        run.Do(() => run.Topic.CatchUp());
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Read(0));
        var reader = run.Follow(start: null);
        run.Do(() => reader.Step(1));
        Append(run.Topic, 3);
        while (run.Topic.Deliver())
        {
        }

        run.Do(() => reader.Step(3));
        Assert.Equal(3, reader.Place.Offset);

        run.Topic.Redis.Rewind(2);
        Append(run.Topic, appended);
        LoseAll(run.Topic);
        run.Settle();

        Assert.Equal(1, reader.Resets);
    }

    /// <inheritdoc cref="A_live_reader_that_got_what_a_quiet_log_has_lost_since_is_reset"/>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_reader_that_took_what_a_quiet_log_has_lost_since_is_reset(int appended)
    {
        using var run = new Interleaving(isDurable: false);
        // The topic asks a log that has nothing yet; the answer is on its way.
        run.Do(() => run.Topic.CatchUp());
        run.Do(() => run.Topic.Read(0));
        Append(run.Topic, 3);
        // A reader is answered before the topic, and so gets further than that.
        var reader = run.Follow(Position.Earliest);
        run.Do(() => reader.Step(1));
        run.Do(() => run.Topic.Read(1));
        run.Do(() => run.Topic.Read(1));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Deliver());
        run.Do(() => reader.Step(1));
        run.Do(() => reader.Step(3));
        Assert.Equal(3, reader.Place.Offset);

        run.Topic.Redis.Rewind(2);
        Append(run.Topic, appended);
        LoseAll(run.Topic);
        run.Settle();

        Assert.Equal(1, reader.Resets);
    }

    [Fact]
    public void A_reader_that_took_what_a_quiet_log_has_lost_since_is_reset_also_if_it_asked_twice()
    {
        using var run = new Interleaving(isDurable: false);
        run.Do(() => run.Topic.CatchUp());
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Read(0));
        // The topic knows of nothing, and the log has an event, which a reader takes.
        Append(run.Topic, 1);
        var reader = run.Follow(Position.Earliest);
        run.Do(() => reader.Step(1));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => reader.Step(1));
        run.Do(() => reader.Step(1));
        // It is further than its topic, for which there is no reason: both ask once more. The topic is answered before there is another event.
        run.Do(() => reader.Step(1));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.CatchUp());
        run.Do(() => run.Topic.Read(1));
        Append(run.Topic, 1);
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => run.Topic.Read(0));
        run.Do(() => reader.Step(1));
        Assert.Equal((2L, 1L), (reader.Place.Offset, run.Topic.State.Newest!.Value.Offset));

        run.Topic.Redis.Rewind(1);
        LoseAll(run.Topic);
        run.Settle();

        Assert.Equal(1, reader.Resets);
    }

    private static void Append(ModelTopic topic, int count)
    {
        for (var i = 0; i < count; i++)
            topic.Append(0);
    }

    private static void LoseAll(ModelTopic topic)
    {
        while (topic.Lose())
        {
        }
    }

    private static void Run(byte[] steps, bool isDurable)
    {
        using var run = new Interleaving(isDurable);
        var places = new List<Position>();
        foreach (var step in steps)
            run.Do(() => Take(step % 16, step / 16, run, places));
        run.Settle();
    }

    private static void Take(int step, int argument, Interleaving run, List<Position> places)
    {
        var topic = run.Topic;
        switch (step)
        {
            case 0 when run.Readers.Count < 6:
                run.Follow(
                    (argument % 4) switch
                    {
                        0 => null,
                        1 => Position.Earliest,
                        _ when places.Count > 0 => places[argument % places.Count],
                        _ => Position.Start,
                    },
                    conflates: argument >= 8);
                break;
            case 1 or 2 or 3:
                topic.Append(argument % 4);
                break;
            case 4:
                topic.Deliver();
                break;
            case 5 when argument < 12:
                topic.Lose();
                break;
            case 5:
                LoseAll(topic);
                break;
            case 6 when argument < 4:
                topic.Redis.Truncate(1 + argument);
                break;
            case 6 when argument < 11:
                topic.Redis.Rewind(1 + (argument % 4));
                break;
            case 6 when argument < 13:
                topic.Redis.Flush();
                break;
            case 6:
                topic.Redis.Commit(argument % 4);
                break;
            case 7:
                topic.CatchUp();
                break;
            case 8 or 9 or 10:
                topic.Read(argument);
                break;
            case 11:
                topic.Sweep();
                break;
            case 12:
                topic.Wait();
                break;
            default:
                if (run.Readers.Count == 0)
                    break;
                var reader = run.Readers[argument % run.Readers.Count];
                reader.Step(1 + (argument / 8));
                places.Add(reader.Place);
                break;
        }
    }
}
