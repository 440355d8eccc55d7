using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Microservices.EventLog;
using Microservices.Gateway.Events;
using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>The topics of the suite, over HTTP: operators list them, and see the events of one.</summary>
internal static class TopicRoutes
{
    private const string Tag = "Operations";
    private const string LastEventIdParameter = "lastEventId";
    private const string Suffix = "/events";
    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static void MapTopics(this WebApplication app)
    {
        app.MapGet("/v1/topics", ListAsync)
            .StandsFor(TopicsService.Descriptor, "ListTopics")
            .Describe("listTopics", Tag, "List the topics of all services", """
                By service and name, page by page, each as it is now. Every replica of a service is asked, and the readers of all are counted; `silent` has those that have not answered within two seconds.
                """)
            .Query("service", JsonSchemas.Text, "Only the topics of this service.", Examples.TopicStatus.Service)
            .Query("prefix", JsonSchemas.Text, "Only topics whose name begins so.", "orders/user/")
            .Query("pageSize", JsonSchemas.Number, "How many at most: 50 when absent or 0; more than 200 counts as 200.", "50")
            .Query("pageToken", JsonSchemas.Text, "The `nextPageToken` of the page before, with the same parameters; absent for the first page.", "Rk9vYmFyYmF6YWRh")
            .Answers<TopicPage>(200, "A page of topics.", Examples.TopicPage)
            .Fails(400, 404);
        app.MapGet("/v1/topics/{service}/{**path}", ServeAsync)
            .StandsFor(TopicsService.Descriptor, "WatchTopic")
            .Describe("watchTopic", Tag, "Follow the events of a topic", """
                Server-sent events, for as long as the connection lives: `/v1/topics/orders/orders/user/ada/events`. `event` is one event, as JSON where its service knows what it is, and as its bytes. `position` follows
                them, and comes at least once a second: how far this is, where the topic ends, and how many events were left out. What the topic had when this began is shown whole, from the place that was asked for; what
                is published from then on is shown as far as 100 events and 256 KiB a second go, unless the service is set up otherwise, and the rest is counted. Send the last id as Last-Event-ID to go on. `ready` comes first.
                `end` is the last event, and says why, as in `watchUserEvents`.
                """)
            .Topic()
            .Header(RequestValues.LastEventId, "The id of the last event that was received: what follows it is shown. Without any place, what comes from now on.", Examples.TopicCursor)
            .Query(LastEventIdParameter, JsonSchemas.Text, "Like Last-Event-ID, for tools that cannot set headers; the header takes precedence.", Examples.TopicCursor)
            .Query("offset", JsonSchemas.Offset, "Where to begin, unless there is a last id: with the event at this offset.", "1")
            .Query("time", JsonSchemas.Text, "Where to begin, unless there is a last id or an offset: with the first event that is not older than this (RFC 3339).", "2026-01-31T12:00:00Z")
            .Query("key", JsonSchemas.Text, "Only events with this key. The others are neither shown nor counted.", Examples.Order.OrderId)
            .Query("maxEventsPerSecond", JsonSchemas.Number, "How many events a second are shown at most; never more than the service allows.", "10")
            .AnswersText("text/event-stream", "The events, until `end`.", Examples.TopicEventsText)
            .Fails(400, 404);
    }

    private static async Task<IResult> ListAsync(HttpContext http, SuiteTopics topics)
    {
        var page = await topics.ListAsync(http, http.QueryText("service"), http.QueryText("prefix") ?? "", http.QueryNumber("pageSize"), http.QueryText("pageToken") ?? "");
        return TypedResults.Json(page, GatewayJson.Default.TopicPage);
    }

    private static Task ServeAsync(string service, string? path, HttpContext http, TopicEventStreams streams)
    {
        if (path?.EndsWith(Suffix, StringComparison.Ordinal) is not true)
            throw new InvalidRequestException("path", "must be a topic and /events");
        // No name of a topic needs escapes; a client may escape its slashes.
        var request = Place(http, new WatchTopicRequest { Topic = Uri.UnescapeDataString(path[..^Suffix.Length]), Key = http.QueryText("key") ?? "", MaxEventsPerSecond = http.QueryNumber("maxEventsPerSecond") });
        return HeadRequests.IsHead(http) ? SseResponse.BeginAsync(http) : streams.ServeAsync(http, service, request);
    }

    private static WatchTopicRequest Place(HttpContext http, WatchTopicRequest request)
    {
        var header = http.Request.Headers[RequestValues.LastEventId];
        if (header.Count > 1)
            throw new InvalidRequestException(RequestValues.LastEventId, "must be given once");
        var field = string.IsNullOrEmpty(header) ? LastEventIdParameter : RequestValues.LastEventId;
        if ((string.IsNullOrEmpty(header) ? http.QueryText(LastEventIdParameter) : header.ToString()) is { Length: > 0 } last)
            request.Cursor = Cursor.TryParse(last, out var place) && place.TryGetOffset(request.Topic, out _, out _) ? last : throw new InvalidRequestException(field, "is not the id of an earlier event of this topic");
        else if (http.QueryText("offset") is { } offset)
            request.Offset = long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new InvalidRequestException("offset", "must be a whole number of 1 or more");
        else if (http.QueryText("time") is { } time)
            request.Time = TimeOf(time);
        return request;
    }

    private static Timestamp TimeOf(string text) =>
        DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? Timestamp.FromDateTimeOffset(time)
            : throw new InvalidRequestException("time", "must be a time as in 2026-01-31T12:00:00Z");
}
