namespace Microservices.EventLog;

/// <inheritdoc cref="IEventLog"/>
internal sealed class RedisEventLog(LogWriter writer, LogReader reader, TopicFeeds feeds) : IEventLog
{
    public async Task<AppendResult> AppendAsync(NewEvent appended, CancellationToken cancellationToken = default)
    {
        var result = (await writer.AppendAsync([appended], cancellationToken))[0];
        return result.Status switch
        {
            AppendStatus.Unavailable => throw new EventLogUnavailableException(),
            AppendStatus.Refused => throw new ArgumentException(result.Violation, nameof(appended)),
            _ => result,
        };
    }

    public async Task<IReadOnlyList<AppendResult>> AppendAsync(IReadOnlyList<NewEvent> appended, CancellationToken cancellationToken = default) =>
        await writer.AppendAsync(appended, cancellationToken);

    public async Task<LogPage> ReadAsync(string topic, Cursor after, int maxEvents, long maxBytes, CancellationToken cancellationToken = default)
    {
        TopicName.ThrowIfInvalid(topic);
        ArgumentNullException.ThrowIfNull(after);
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
        ArgumentNullException.ThrowIfNull(topics);
        foreach (var topic in topics)
            TopicName.ThrowIfInvalid(topic);
        try
        {
            var heads = await reader.ReadHeadsAsync(topics, cancellationToken);
            return [.. heads.Select((head, i) => head.Error is null
                ? new TopicHead(topics[i], head.Head.Epoch, head.Head.Offset)
                : throw new EventLogUnavailableException($"Redis did not say where {topics[i]} ends.", head.Error))];
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            throw new EventLogUnavailableException("Redis did not say where the topics end.", e);
        }
    }

    public EventSubscription Subscribe(IReadOnlyList<string> topics, Cursor? from = null, Delivery delivery = Delivery.Lossless)
    {
        ArgumentNullException.ThrowIfNull(topics);
        foreach (var topic in topics)
            TopicName.ThrowIfInvalid(topic);
        if (topics.Count == 0 || topics.Distinct(StringComparer.Ordinal).Count() != topics.Count)
            throw new ArgumentException("A subscription has one or more topics, each once.", nameof(topics));
        return new EventSubscription(feeds, topics, from, delivery);
    }
}
