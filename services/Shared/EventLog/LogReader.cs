using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>Reads a log of topics.</summary>
internal interface ILogReader
{
    /// <summary>The page after a place. Throws what the client of Redis throws.</summary>
    Task<LogPage> ReadAsync(string topic, Position after, int maxEvents, long maxBytes, CancellationToken cancellationToken);

    /// <summary>Where topics end, in one pipeline.</summary>
    Task<HeadReply[]> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken);
}

/// <summary>Reads Redis: a range, or only where topics end.</summary>
internal sealed class LogReader(RedisConnection redis) : ILogReader
{
    private static readonly RedisValue[] HeadFields = ["e", "o", "i"];

    public async Task<LogPage> ReadAsync(string topic, Position after, int maxEvents, long maxBytes, CancellationToken cancellationToken)
    {
        using var span = RedisSpans.Start("read");
        var database = await redis.DatabaseAsync(cancellationToken);
        var reply = (RedisValue[])(await database
            .ScriptEvaluateAsync(LogScripts.Read, redis.Keys(topic), [after.Offset, maxEvents, maxBytes])
            .WaitAsync(cancellationToken))!;

        if (reply.Length == 0)
            return LogRange.PageWithoutLog(topic, after);
        var head = ParseHead(reply[0], reply[1], reply[2]);
        var events = new LogEvent[reply.Length - 4];
        for (var i = 0; i < events.Length; i++)
        {
            if (!Envelope.TryParse(topic, head.Epoch, (ReadOnlyMemory<byte>)reply[i + 4], out events[i]))
                throw new InvalidDataException($"The log of {topic} has an entry that is not an event.");
        }

        return new LogRange(topic, head, (long)reply[3], events).PageAfter(after);
    }

    public async Task<HeadReply[]> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var database = await redis.DatabaseAsync(cancellationToken);
        var calls = new Task<HeadReply>[topics.Count];
        for (var i = 0; i < calls.Length; i++)
            calls[i] = ReadHeadAsync(database, topics[i]);
        return await Task.WhenAll(calls).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Where topics end; null where that is not known, because a server of a cluster did not answer. One call for all of them, which tells
    /// only of those that do not end where they were known to. On a cluster, whose scripts are for one slot, all are read, in one pipeline.
    /// </summary>
    public async Task<Position?[]> ReadHeadsAsync(TopicFeed[] feeds, KnownEnd?[] known, CancellationToken cancellationToken)
    {
        if (redis.IsCluster())
        {
            var replies = await ReadHeadsAsync(Array.ConvertAll(feeds, f => f.Name), cancellationToken);
            return Array.ConvertAll(replies, r => r.Error is null ? r.Head : (Position?)null);
        }

        var database = await redis.DatabaseAsync(cancellationToken);
        var reply = (RedisValue[])(await database
            .ScriptEvaluateAsync(LogScripts.ChangedHeads, Array.ConvertAll(feeds, f => f.HeadKey), Array.ConvertAll(known, k => (RedisValue)(k?.Text ?? "")), CommandFlags.DemandMaster)
            .WaitAsync(cancellationToken))!;
        var heads = Array.ConvertAll(known, k => k?.InLog);
        for (var i = 0; i < reply.Length; i += 4)
        {
            var words = reply.AsSpan(i, 4);
            heads[(int)words[0] - 1] = ((ReadOnlyMemory<byte>)words[2]).IsEmpty ? Position.Start : ParseHead(words[1], words[2], words[3]);
        }

        return heads;
    }

    /// <summary>What is held of topics, in one pipeline.</summary>
    public async Task<TopicExtent[]> ReadExtentsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var database = await redis.DatabaseAsync(cancellationToken);
        return await Task.WhenAll([.. topics.Select(topic => ReadExtentAsync(database, topic))]).WaitAsync(cancellationToken);
    }

    private async Task<TopicExtent> ReadExtentAsync(IDatabase database, string topic)
    {
        var reply = (RedisValue[])(await database.ScriptEvaluateAsync(LogScripts.Extent, redis.Keys(topic)))!;
        return reply is [] ? new(topic, "", 1, 0, 0) : new(topic, (string)reply[0]!, (long)reply[1] - (long)reply[2] + 1, (long)reply[1], (long)reply[3]);
    }

    private async Task<HeadReply> ReadHeadAsync(IDatabase database, string topic)
    {
        try
        {
            var fields = await database.HashGetAsync(redis.Keys(topic)[0], HeadFields, CommandFlags.DemandMaster);
            return new HeadReply(fields[1].IsNull ? Position.Start : ParseHead(fields[0], fields[1], fields[2]), null);
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            return new HeadReply(default, e);
        }
    }

    private static Position ParseHead(RedisValue epoch, RedisValue offset, RedisValue id) =>
        new((string)epoch!, (long)offset, Envelope.TryParseId(((ReadOnlyMemory<byte>)id).Span, out var link) ? link : 0);
}

/// <summary>Where a topic ends (<see cref="Position.Start"/> without a log), or why that is not known: on a cluster its server did not answer.</summary>
internal readonly record struct HeadReply(Position Head, Exception? Error);
