using FsCheck.Xunit;
using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

public sealed class LogLedgerTests
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    [Property]
    public void Whatever_is_appended_the_limit_is_kept_and_nothing_newer_goes_before_something_older(List<(byte Topic, byte Events, ushort Bytes)> appends)
    {
        var ledger = new LogLedger(MaxAge, Retention);
        var last = new Dictionary<byte, long>();
        var first = new Dictionary<byte, long>();
        var at = new List<(byte Topic, long Offset, long AtMs)>();
        var now = 0L;
        foreach (var (topic, events, bytes) in appends)
        {
            now += 1_000;
            last[topic] = last.GetValueOrDefault(topic) + 1 + events;
            first.TryAdd(topic, 1);
            at.Add((topic, last[topic], now));
            var held = last[topic] - first[topic] + 1;
            ledger.Appended($"{topic}", new LogSize("e", last[topic], held, held * bytes), now);

            foreach (var trim in ledger.Trim(100_000, now))
            {
                var trimmed = byte.Parse(trim.Topic, System.Globalization.CultureInfo.InvariantCulture);
                if (trim.Forget)
                    Assert.Equal(last[trimmed] + 1, first[trimmed]);
                else
                    Assert.Equal(trim.Events, trim.UpTo - first[trimmed] + 1);
                first[trimmed] = Math.Max(first[trimmed], trim.UpTo + 1);
            }

            Assert.InRange(ledger.Held, 0, 100_000);
            // Whole appends, in the order they came: the last one that is gone is older than the first that is there.
            var gone = at.FindLastIndex(a => first[a.Topic] > a.Offset);
            Assert.DoesNotContain(at[..(gone + 1)], a => first[a.Topic] <= a.Offset);
        }
    }

    [Fact]
    public void A_topic_without_events_is_remembered_for_as_long_as_it_may_be_and_takes_nothing_then()
    {
        var ledger = new LogLedger(MaxAge, Retention);
        ledger.Appended("a", new LogSize("e", 3, 3, 300), 0);
        var held = ledger.Held;

        Assert.Empty(ledger.Trim(1_000_000, (long)MaxAge.TotalMilliseconds + 1_000));
        Assert.InRange(ledger.Held, 100, held - 300);
        Assert.Empty(ledger.Trim(1_000_000, (long)(MaxAge + Retention).TotalMilliseconds + 10_000));
        Assert.Equal(0, ledger.Held);
    }

    [Fact]
    public void The_ends_of_topics_that_have_no_events_take_a_quarter_at_most()
    {
        var ledger = new LogLedger(MaxAge, Retention);
        // As while Redis has no memory: only the ends are kept.
        for (var i = 0; i < 1_000; i++)
            ledger.Appended($"topic {i}", new LogSize("e", 1, 0, 0), i);

        var trims = ledger.Trim(100_000, 1_000);

        Assert.All(trims, trim => Assert.True(trim.Forget));
        Assert.Equal(Enumerable.Range(0, trims.Count).Select(i => $"topic {i}"), trims.Select(t => t.Topic));
        Assert.InRange(ledger.Held, 20_000, 25_000);
    }
}
