using System.Globalization;
using Microservices.EventLog;
using StackExchange.Redis;

namespace Microservices.Tests.Integration.EventLog;

/// <summary>Does to a topic in Redis what failures do to it, round the log.</summary>
internal sealed class RawLog(IConnectionMultiplexer connection, LogProcess process)
{
    private const string Publish = "redis.call(ARGV[1], ARGV[2], entry)";

    private readonly RedisConnection names = process.Get<RedisConnection>();

    private IDatabase Database => connection.GetDatabase();

    /// <summary>Appends without publishing: as when the publication is lost on its way.</summary>
    public Task AppendUnpublishedAsync(string topic, long number) => AppendUnpublishedAsync(Events.Transient(topic, number), "raw");

    /// <inheritdoc cref="AppendUnpublishedAsync(string, long)"/>
    public async Task AppendUnpublishedAsync(NewEvent e, string epoch)
    {
        if (!LogScripts.Append.Contains(Publish, StringComparison.Ordinal))
            throw new InvalidOperationException("The script publishes in another way now.");
        await Database.ScriptEvaluateAsync(LogScripts.Append.Replace(Publish, "", StringComparison.Ordinal), names.Keys(e.Topic),
        [
            "", "", 10_000, 0, 1_000_000, 1_000_000, e.Epoch, epoch, e.Offset, Envelope.Format(e.Offset > 0 ? Envelope.DurableId(e.Epoch, e.Offset, e.Key, e.Payload.Span) : Envelope.NewId()),
            Envelope.EncodeTail(e, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()),
        ]);
    }

    /// <summary>Takes the last events away: as when a replica without them is promoted.</summary>
    public async Task RewindAsync(string topic, int events)
    {
        var keys = names.Keys(topic);
        for (var i = 0; i < events; i++)
            await Database.ListRightPopAsync(keys[1]);
        Envelope.TryParse(topic, "", (ReadOnlyMemory<byte>)await Database.ListGetByIndexAsync(keys[1], -1), out var last);
        await Database.HashSetAsync(keys[0],
        [
            new HashEntry("o", last.Offset.ToString(CultureInfo.InvariantCulture)),
            new HashEntry("i", Envelope.Format(last.Id)),
        ]);
    }

    /// <summary>Takes the whole topic away: as when Redis restarts empty.</summary>
    public async Task FlushAsync(string topic)
    {
        foreach (var key in names.Keys(topic))
            await Database.KeyDeleteAsync(key);
    }

    /// <summary>Cuts every pub/sub connection of every server.</summary>
    public async Task CutSubscribersAsync()
    {
        foreach (var server in connection.GetServers())
            await server.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes");
    }
}
