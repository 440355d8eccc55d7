using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.EventLog;
using Microservices.Hosting;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Operations;
using Microservices.Operations.V1;
using Microservices.Persistence;
using Microsoft.Extensions.Options;

namespace Microservices.Topics.Operations;

/// <summary>Shows operators the topics of the service, and the events of one.</summary>
internal sealed class TopicsService<TContext>(
    OutboxTopics<TContext> kept, IEnumerable<KeyedTopics> topics, IEventLog log, Watches watches, IOptions<OperationsOptions> options, TimeProvider time)
    : Microservices.Operations.V1.TopicsService.TopicsServiceBase
    where TContext : ServiceDbContext
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 200;

    public override async Task<ListTopicsResponse> ListTopics(ListTopicsRequest request, ServerCallContext context)
    {
        var violations = new FieldViolations();
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        if (request.Prefix.Length > 0 && TopicName.Violation(request.Prefix) is not null)
            violations.Add("prefix", "must be how names of topics begin: " + Names);
        // Of this prefix only: another one would begin in the middle.
        var list = $"topics {request.Prefix}";
        var after = violations.PagePosition("page_token", list, request.PageToken, TopicName.IsValid);
        violations.ThrowIfAny(Watches.Errors);

        var found = await kept.ListAsync(request.Prefix, after, size + 1, context.CancellationToken);
        var page = found.Take(size).ToList();
        var extents = await ReadExtentsAsync(page, context.CancellationToken);
        return new ListTopicsResponse
        {
            Topics = { page.Select((topic, i) => ToMessage(topic, extents?[i])) },
            NextPageToken = found.Count > size ? PageToken.Encode(list, page[^1].Topic) : "",
        };
    }

    public override async Task WatchTopic(WatchTopicRequest request, IServerStreamWriter<WatchTopicResponse> responseStream, ServerCallContext context)
    {
        var violations = new FieldViolations();
        if (!TopicName.IsValid(request.Topic))
            violations.Add("topic", "must be the name of a topic: " + Names);
        if (request.Key.Length > 0 && EventRules.Violation("any", request.Key, 0) is not null)
            violations.Add("key", $"must be at most {EventRules.MaxKeyBytes} bytes of text");
        if (request.MaxEventsPerSecond < 0)
            violations.Add("max_events_per_second", "must not be negative");
        Cursor? from = null;
        if (request.FromCase == WatchTopicRequest.FromOneofCase.Cursor && !(Cursor.TryParse(request.Cursor, out from) && from.TryGetOffset(request.Topic, out _, out _)))
            violations.Add("cursor", "is not the cursor of an event or a frame of this topic");
        violations.ThrowIfAny(Watches.Errors);

        using var watch = watches.Begin(responseStream, context);
        var topic = await kept.FindAsync(request.Topic, context.CancellationToken) ?? throw new StatusException(Watches.Errors.NotFound("operations.v1.Topic", request.Topic));
        from ??= await BeginningAsync(topic, request, context.CancellationToken);
        await using var subscription = log.Subscribe([topic.Topic], from);
        await context.WriteResponseHeadersAsync([]);
        var most = options.Value.MaxTopicEvents;
        var allowance = new Allowance(request.MaxEventsPerSecond == 0 ? most : Math.Min(request.MaxEventsPerSecond, most), options.Value.MaxTopicBytes, time);
        await new TopicWatch(topic, from, request.Key, TypeOf(topic.Topic), subscription, watch, allowance, time).RunAsync();
    }

    // Of several kinds of topics one may begin as another does.
    private MessageDescriptor? TypeOf(string topic) => topics.Where(kind => topic.StartsWith(kind.Prefix, StringComparison.Ordinal)).MaxBy(kind => kind.Prefix.Length)?.Events;

    private static string Names => $"1 to {TopicName.MaxLength} of the characters A-Z a-z 0-9 / - _ . : @";

    /// <summary>The place before the first event that is wanted; null for those to come.</summary>
    private async Task<Cursor?> BeginningAsync(KeptTopic topic, WatchTopicRequest request, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        long? first = null;
        switch (request.FromCase)
        {
            case WatchTopicRequest.FromOneofCase.Offset when request.Offset < 1 || request.Offset > topic.LastOffset + 1:
                violations.Add("offset", $"must be 1 to {topic.LastOffset + 1}, the one that comes next");
                break;
            case WatchTopicRequest.FromOneofCase.Offset:
                first = request.Offset;
                break;
            case WatchTopicRequest.FromOneofCase.Time when TryRead(request.Time) is { } since:
                first = await kept.FirstSinceAsync(topic, since, cancellationToken);
                break;
            case WatchTopicRequest.FromOneofCase.Time:
                violations.Add("time", "must be a time from year 1 to 9999");
                break;
        }

        violations.ThrowIfAny(Watches.Errors);
        return first is { } offset ? Cursor.At(topic.Topic, topic.Epoch, offset - 1) : null;
    }

    private static DateTimeOffset? TryRead(Timestamp time)
    {
        try
        {
            return time.ToDateTimeOffset();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Null while the log does not answer.</summary>
    private async Task<IReadOnlyList<TopicExtent>?> ReadExtentsAsync(List<KeptTopic> page, CancellationToken cancellationToken)
    {
        try
        {
            return await log.ReadExtentsAsync(page.ConvertAll(topic => topic.Topic), cancellationToken);
        }
        catch (EventLogUnavailableException)
        {
            return null;
        }
    }

    private Topic ToMessage(KeptTopic topic, TopicExtent? extent)
    {
        var message = new Topic
        {
            Topic_ = topic.Topic,
            Epoch = topic.Epoch,
            Head = topic.LastOffset,
            Tail = topic.EarliestOffset,
            UpdateTime = Timestamp.FromDateTimeOffset(topic.UpdatedAt),
            Readers = log.ReadersOf(topic.Topic),
        };
        if (extent is not { } held)
            return message;
        // The log may keep longer than the database, and what it has of an earlier numbering is gone with the next event.
        if (held.Epoch == topic.Epoch && held.Events > 0)
            message.Tail = Math.Min(message.Tail, held.EarliestOffset);
        (message.LogEvents, message.LogBytes) = (held.Events, held.Bytes);
        return message;
    }
}
