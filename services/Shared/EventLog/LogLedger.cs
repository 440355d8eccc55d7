namespace Microservices.EventLog;

/// <summary>What Redis holds of a topic after an append: where it ends, and how many events and bytes of them are in its list.</summary>
internal readonly record struct LogSize(string Epoch, long LastOffset, long Events, long Bytes);

/// <summary>Events of a topic to remove: those up to the offset, or with <paramref name="Forget"/> the topic, which ends there.</summary>
internal readonly record struct LogTrim(string Topic, string Epoch, long UpTo, long Events, bool Forget);

/// <summary>How much of a budget is used.</summary>
internal readonly record struct LogUse(long Held, long Budget);

/// <summary>
/// An estimate of the memory that Redis needs for the topics of one kind to which this process appends, and the order of their events by
/// age. Every append reports how much its topic holds, which corrects the estimate; a topic that nobody appends to expires. A process
/// starts without any: what another process has left behind expires as well. Thread-safe.
/// </summary>
internal sealed class LogLedger(TimeSpan maxAge, TimeSpan retention)
{
    private const long Coalesced = 250;
    private readonly Lock gate = new();
    private readonly Dictionary<string, LedgerTopic> topics = new(StringComparer.Ordinal);
    private readonly Queue<LedgerSegment> segments = new();
    private readonly Queue<IdleTopic> idle = new();
    private long listBytes;
    private long headBytes;
    private long idleHeadBytes;

    /// <summary>About what the topics take, in bytes.</summary>
    public long Held
    {
        get
        {
            lock (gate)
                return listBytes + headBytes;
        }
    }

    /// <summary>Takes in what an append to a topic left there.</summary>
    public void Appended(string name, in LogSize size, long nowMs)
    {
        lock (gate)
        {
            if (!topics.TryGetValue(name, out var topic))
            {
                topics.Add(name, topic = new LedgerTopic(name));
                headBytes += topic.HeadBytes;
            }
            else if (topic.Epoch == size.Epoch && size.LastOffset < topic.LastOffset)
            {
                // Answers to calls that were under way together may be read in another order.
                return;
            }
            else if (topic.IsIdle)
            {
                topic.IsIdle = false;
                idleHeadBytes -= topic.HeadBytes;
            }

            topic.AppendedAtMs = nowMs;
            (topic.Epoch, topic.LastOffset) = (size.Epoch, size.LastOffset);
            Resize(topic, size.Events, size.Bytes);
            if (size.Events == 0)
            {
                Rest(topic, nowMs);
            }
            else if (topic.Newest is { } newest && nowMs - newest.AtMs < Coalesced)
            {
                newest.UpTo = size.LastOffset;
            }
            else
            {
                topic.Newest = new LedgerSegment(topic, size.LastOffset, nowMs);
                segments.Enqueue(topic.Newest);
            }
        }
    }

    /// <summary>
    /// What to remove so that the topics take no more than a limit: the oldest events, whatever their topic, and the ends of topics without
    /// events as far as these take more than a quarter of it. It is counted as removed at once.
    /// </summary>
    public IReadOnlyList<LogTrim> Trim(long limit, long nowMs)
    {
        lock (gate)
        {
            Expire(nowMs);
            var trims = new Dictionary<LedgerTopic, LogTrim>();
            var forgotten = new List<LogTrim>();
            ForgetBeyond(limit / 4, nowMs, forgotten);
            while (listBytes + headBytes > limit && segments.TryPeek(out var oldest))
            {
                var topic = oldest.Topic;
                var before = topic.LastOffset - topic.Events;
                var old = Math.Min(oldest.UpTo, topic.LastOffset) - before;
                // Where there are many, some may be enough.
                var count = old <= 0 ? 0 : Math.Min(old, 1 + ((listBytes + headBytes - limit) / (LedgerTopic.EventBytes + (topic.Bytes / topic.Events))));
                if (count > 0)
                {
                    trims[topic] = new LogTrim(topic.Name, topic.Epoch, before + count, trims.GetValueOrDefault(topic).Events + count, Forget: false);
                    Resize(topic, topic.Events - count, topic.Bytes - (topic.Bytes * count / topic.Events));
                }

                if (count >= old)
                    End(segments.Dequeue(), nowMs);
                ForgetBeyond(limit / 4, nowMs, forgotten);
            }

            return [.. trims.Values, .. forgotten];
        }
    }

    /// <summary>Events that have expired in Redis.</summary>
    private void Expire(long nowMs)
    {
        var before = nowMs - (long)maxAge.TotalMilliseconds - Coalesced;
        while (segments.TryPeek(out var oldest) && oldest.AtMs < before)
        {
            segments.Dequeue();
            if (oldest.Topic.Newest == oldest && oldest.Topic.AppendedAtMs < before)
                Resize(oldest.Topic, 0, 0);
            End(oldest, nowMs);
        }
    }

    private void End(LedgerSegment segment, long nowMs)
    {
        var topic = segment.Topic;
        if (topic.Newest == segment)
            topic.Newest = null;
        if (topic.Events == 0)
            Rest(topic, nowMs);
    }

    /// <summary>The topic has no events left, only an end.</summary>
    private void Rest(LedgerTopic topic, long nowMs)
    {
        if (topic.IsIdle)
            return;
        topic.IsIdle = true;
        topic.Rests++;
        idleHeadBytes += topic.HeadBytes;
        idle.Enqueue(new IdleTopic(topic, topic.Rests, nowMs));
    }

    private void ForgetBeyond(long bytes, long nowMs, List<LogTrim> forgotten)
    {
        var before = nowMs - (long)retention.TotalMilliseconds;
        while (idle.TryPeek(out var oldest) && (idleHeadBytes > bytes || oldest.SinceMs < before || !oldest.IsStill))
        {
            idle.Dequeue();
            if (!oldest.IsStill)
                continue;
            var topic = oldest.Topic;
            topics.Remove(topic.Name);
            headBytes -= topic.HeadBytes;
            idleHeadBytes -= topic.HeadBytes;
            topic.Rests++;
            if (topic.AppendedAtMs >= before)
                forgotten.Add(new LogTrim(topic.Name, topic.Epoch, topic.LastOffset, 0, Forget: true));
        }
    }

    private void Resize(LedgerTopic topic, long events, long bytes)
    {
        listBytes -= topic.ListBytes;
        (topic.Events, topic.Bytes) = (events, bytes);
        listBytes += topic.ListBytes;
    }
}
