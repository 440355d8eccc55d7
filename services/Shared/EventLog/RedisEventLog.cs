using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <inheritdoc cref="IEventLog"/>
internal sealed class RedisEventLog(LogWriter writer, LogReader reader, TopicFeeds feeds, IOptions<EventLogOptions> options) : IEventLog
{
    public int MaxEvents => options.Value.MaxEvents;

    public TimeSpan MaxAge => options.Value.MaxAge;

    public async Task<AppendResult> AppendAsync(NewEvent appended, CancellationToken cancellationToken = default)
    {
        var result = (await writer.AppendAsync([appended], cancellationToken))[0];
        return result.Status switch
        {
            AppendStatus.Unavailable => throw new EventLogUnavailableException($"Redis did not answer the append to {appended.Topic}."),
            AppendStatus.Refused => throw new ArgumentException(result.Violation, nameof(appended)),
            _ => result,
        };
    }

    public async Task<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default) =>
        await writer.AppendAsync(events, cancellationToken);

    public async Task<LogPage> ReadAsync(string topic, Cursor after, int maxEvents, long maxBytes, CancellationToken cancellationToken = default)
    {
        TopicName.ThrowIfInvalid(topic);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        try
        {
            return await reader.ReadAsync(topic, after.TryGet(topic, out var place) ? place : Position.Earliest, maxEvents, maxBytes, cancellationToken);
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            throw new EventLogUnavailableException($"Redis did not answer the read of {topic}.", e);
        }
    }

    public async Task<IReadOnlyList<TopicHead>> ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken = default)
    {
        var heads = topics.Select(topic => new TopicHead(topic, "", 0)).ToArray();
        var valid = Enumerable.Range(0, heads.Length).Where(i => TopicName.IsValid(topics[i])).ToList();
        try
        {
            foreach (var (i, reply) in valid.Zip(await reader.ReadHeadsAsync(valid.ConvertAll(i => topics[i]), cancellationToken)))
            {
                heads[i] = reply.Error is null
                    ? new TopicHead(topics[i], reply.Head.Epoch, reply.Head.Offset)
                    : throw new EventLogUnavailableException($"Redis did not say where {topics[i]} ends.", reply.Error);
            }

            return heads;
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            throw new EventLogUnavailableException("Redis did not say where the topics end.", e);
        }
    }

    public async Task<IReadOnlyList<TopicExtent>> ReadExtentsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken = default)
    {
        foreach (var topic in topics)
            TopicName.ThrowIfInvalid(topic);
        try
        {
            return await reader.ReadExtentsAsync(topics, cancellationToken);
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            throw new EventLogUnavailableException("Redis did not say what it holds of the topics.", e);
        }
    }

    public int ReadersOf(string topic) => feeds.ReadersOf(topic);

    public EventSubscription Subscribe(IReadOnlyList<string> topics, Cursor? from = null, Delivery delivery = Delivery.Lossless)
    {
        foreach (var topic in topics)
            TopicName.ThrowIfInvalid(topic);
        if (topics.Count == 0 || topics.Distinct(StringComparer.Ordinal).Count() != topics.Count)
            throw new ArgumentException("A subscription has one or more topics, each once.", nameof(topics));
        return new EventSubscription(feeds, topics, from, delivery);
    }
}
