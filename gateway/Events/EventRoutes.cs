using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Jobs.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microservices.Webhooks.V1;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway.Events;

/// <summary>Events over HTTP.</summary>
internal static class EventRoutes
{
    private const string LastEventIdParameter = "lastEventId";
    private const string LastEventIdMeaning = "Like Last-Event-ID, for tools that cannot set headers; the header takes precedence.";
    private const string UntilNow = "untilNow";
    private const string EventStream = "text/event-stream";
    private static readonly MediaTypeHeaderValue Answer = new(EventStream);

    public static void MapEvents(this WebApplication app)
    {
        app.MapGet("/v1/users/{userId}/events", ServeUserAsync)
            .StandsFor(OrdersService.Descriptor, "WatchOrders")
            .StandsFor(NotificationsService.Descriptor, "WatchNotifications")
            // That there is such a user is asked first, in the caller's name.
            .StandsFor(UsersService.Descriptor, "GetUser")
            .Describe("watchUserEvents", "Events", "Follow the events of a user", """
                Server-sent events, for as long as the connection lives: `order` and `notification`, each with the whole resource as it was after the
                change. Browsers (EventSource) reconnect by themselves; send the last id as Last-Event-ID to any replica of the gateway, and every
                event comes once and none is lost. `ready` comes first and has an id already. `reset` says that events of one source may be missing:
                read the resources anew; the stream goes on. `end` is the last event, and says why, at the latest when the access token expires, and within a second when it is revoked: connect again, with a valid one. Lines that begin with ':' keep the connection alive.
                """)
            .UserId()
            .Header(RequestValues.LastEventId, "The id of the last event that was received: the events after it follow. Without it, events from now on.", Examples.EventId)
            .Query(LastEventIdParameter, JsonSchemas.Text, LastEventIdMeaning, Examples.EventId)
            .AnswersText(EventStream, "The events, until `end`.", Examples.EventText)
            .Fails(400, 404, 406);
        app.MapGet($"{WebhookRoutes.OneEndpoint}/events", ServeMessagesAsync)
            // The endpoint is asked for first, in the caller's name: it says whose deliveries are watched.
            .StandsFor(WebhooksService.Descriptor, "GetEndpoint")
            .StandsFor(WebhooksService.Descriptor, "WatchDeliveries")
            .Describe("watchWebhookEvents", WebhookRoutes.Tag, "Follow what is sent to an endpoint", """
                Server-sent events, for a receiver that lacks some: `message`, once for each message that is sent to the endpoint, in the order in which it happened, with the very body that is sent, whatever becomes of its
                delivery. Send as Last-Event-ID the last `webhook-cursor`, or the id of the last event, and what was made after it follows. A block that has an id and no event says that nothing of this endpoint came before it. Messages are
                sent on the while, so keep the ids of those that were dealt with; and `confirmWebhooks` with the last id keeps those that were read here from being sent. `ready`, `reset`, `end` and lines that begin with ':' are as in `watchUserEvents`.
                """)
            .EndpointId()
            .Header(RequestValues.LastEventId, "A `webhook-cursor` of this endpoint, or the id of an event: what was made after it follows. Without it, events from now on.", WebhookExamples.Cursor)
            .Query(LastEventIdParameter, JsonSchemas.Text, LastEventIdMeaning, WebhookExamples.Cursor)
            .Query(UntilNow, JsonSchemas.Flag, "The stream ends, and `end` has the reason `caught_up`, once it has sent all that was there when the request came: for a receiver that reads what it lacks before it lets messages in again.", "true")
            .AnswersText(EventStream, "The events, until `end`.", WebhookExamples.EventText)
            .Fails(400, 404, 406);
        app.MapGet($"{WebhookRoutes.OneEndpoint}/deliveries/events", ServeDeliveriesAsync)
            // As above.
            .StandsFor(WebhooksService.Descriptor, "GetEndpoint")
            .StandsFor(WebhooksService.Descriptor, "WatchDeliveries")
            .Describe("watchWebhookDeliveries", WebhookRoutes.Tag, "Follow the deliveries of an endpoint", """
                Server-sent events, for people who look at them: `delivery`, once for each change of a delivery, with the delivery as it was right after, and once when the service has disabled the endpoint, then without one. What is sent is not in it: `getWebhookDelivery` has
                that. Send the last id as Last-Event-ID, and every event comes once. `ready`, `reset`, `end`, lines that begin with ':' and blocks without an event are as in `watchWebhookEvents`.
                """)
            .EndpointId()
            .Header(RequestValues.LastEventId, "The id of the last event that was received: the events after it follow. Without it, events from now on.", WebhookExamples.Cursor)
            .Query(LastEventIdParameter, JsonSchemas.Text, LastEventIdMeaning, WebhookExamples.Cursor)
            .AnswersText(EventStream, "The events, until `end`.", WebhookExamples.DeliveryEventText)
            .Fails(400, 404, 406);
        app.MapGet($"{WebhookSourceRoutes.OneSource}/events", ServeSourceAsync)
            // The source is asked for first, in the caller's name: it says whose messages are watched.
            .StandsFor(SourcesService.Descriptor, "GetSource")
            .StandsFor(SourcesService.Descriptor, "WatchReceived")
            .Describe("watchReceivedWebhooks", WebhookRoutes.Tag, "Follow what a source receives", """
                Server-sent events, for as long as the connection lives: `received`, once for each message that the source receives, in the order in which they were stored, with the bytes of its body in base64. Send the last id as
                Last-Event-ID, and what was received after it follows. A block that has an id and no event says that nothing of this source came before it. `ready`, `reset`, `end` and lines that begin with ':' are as in `watchUserEvents`.
                """)
            .SourceId()
            .Header(RequestValues.LastEventId, "The id of the last event that was received: the events after it follow. Without it, events from now on.", WebhookExamples.Cursor)
            .Query(LastEventIdParameter, JsonSchemas.Text, LastEventIdMeaning, WebhookExamples.Cursor)
            .Query(UntilNow, JsonSchemas.Flag, "The stream ends, and `end` has the reason `caught_up`, once it has sent all that was there when the request came.", "true")
            .AnswersText(EventStream, "The events, until `end`.", WebhookSourceExamples.EventText)
            .Fails(400, 404, 406);
        app.MapGet($"{JobRoutes.OneJob}/events", ServeJobAsync)
            // The job is asked for first, in the caller's name: it says whose jobs are watched.
            .StandsFor(JobsService.Descriptor, "GetJob")
            .StandsFor(JobsService.Descriptor, "WatchJobs")
            .Describe("watchJob", JobRoutes.Tag, "Follow a job", """
                Server-sent events, for as long as the connection lives: `job`, once for each change of the job, with the job as it was right after and what it has said. It is over with `"kind":"ended"`. Send the last id as
                Last-Event-ID, and what happened after it follows. A block that has an id and no event says that nothing of this job came before it. `ready`, `reset`, `end` and lines that begin with ':' are as in `watchUserEvents`.
                """)
            .JobId()
            .Header(RequestValues.LastEventId, "The id of the last event that was received: the events after it follow. Without it, events from now on.", WebhookExamples.Cursor)
            .Query(LastEventIdParameter, JsonSchemas.Text, LastEventIdMeaning, WebhookExamples.Cursor)
            .AnswersText(EventStream, "The events, until `end`.", JobExamples.EventText)
            .Fails(400, 404, 406);
        app.MapGet($"{FlowRoutes.OneFlow}/events", ServeFlowAsync)
            // The flow is asked for first, in the caller's name: it says whose flows are watched.
            .StandsFor(FlowsService.Descriptor, "GetFlow")
            .StandsFor(FlowsService.Descriptor, "WatchFlows")
            .Describe("watchFlow", FlowRoutes.Tag, "Follow a flow", """
                Server-sent events, for as long as the connection lives: `flow`, once for each change of the flow, with the flow and the step that has changed as they were right after. It is over with `"kind":"ended"`. Send the last id
                as Last-Event-ID, and what happened after it follows. A block that has an id and no event says that nothing of this flow came before it. `ready`, `reset`, `end` and lines that begin with ':' are as in `watchUserEvents`.
                """)
            .FlowId()
            .Header(RequestValues.LastEventId, "The id of the last event that was received: the events after it follow. Without it, events from now on.", WebhookExamples.Cursor)
            .Query(LastEventIdParameter, JsonSchemas.Text, LastEventIdMeaning, WebhookExamples.Cursor)
            .AnswersText(EventStream, "The events, until `end`.", FlowExamples.EventText)
            .Fails(400, 404, 406);
    }

    private static Task ServeUserAsync(string userId, HttpContext http, MergedUserEvents events, MergedEventStreams streams)
    {
        RequireAccepted(http.Request);
        ReaderPosition[]? from = null;
        if (LastEventId(http) is var (field, text) && !ReaderPositions.TryParse(MergedUserEvents.Owner(userId), text, MergedUserEvents.Sources.Count, out from))
            throw new InvalidRequestException(field, "is not the id of an earlier event of this user");
        return streams.ServeAsync(http, () => events.FindAsync(http, userId), from);
    }

    private static Task ServeMessagesAsync(string endpointId, HttpContext http, EndpointEvents events, MergedEventStreams streams) =>
        ServeOwnedAsync(http, streams, (field, untilNow) => events.FindAsync(http, endpointId, field, untilNow, EndpointEvents.Message));

    private static Task ServeDeliveriesAsync(string endpointId, HttpContext http, EndpointEvents events, MergedEventStreams streams) =>
        ServeOwnedAsync(http, streams, (field, _) => events.FindAsync(http, endpointId, field, untilNow: false, EndpointEvents.Change));

    private static Task ServeSourceAsync(string sourceId, HttpContext http, SourceEvents events, MergedEventStreams streams) =>
        ServeOwnedAsync(http, streams, (field, untilNow) => events.FindAsync(http, sourceId, field, untilNow));

    private static Task ServeJobAsync(string jobId, HttpContext http, JobEvents events, MergedEventStreams streams) =>
        ServeOwnedAsync(http, streams, (field, _) => events.FindAsync(http, jobId, field));

    private static Task ServeFlowAsync(string flowId, HttpContext http, FlowEvents events, MergedEventStreams streams) =>
        ServeOwnedAsync(http, streams, (field, _) => events.FindAsync(http, flowId, field));

    private static Task ServeOwnedAsync(HttpContext http, MergedEventStreams streams, Func<string, bool, Task<FollowedEvents>> find)
    {
        RequireAccepted(http.Request);
        var (field, text) = LastEventId(http) ?? (RequestValues.LastEventId, "");
        var from = default(ReaderPosition);
        if (text.Length > 0 && !OwnedEvents.TryReadId(text, out from))
            throw new InvalidRequestException(field, "is not a cursor, and not the id of an earlier event");
        var untilNow = http.QueryFlag(UntilNow);
        return streams.ServeAsync(http, () => find(field, untilNow), [from]);
    }

    private static void RequireAccepted(HttpRequest request)
    {
        if (request.Headers.Accept.Count > 0
            && MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
            && !accepted.Any(range => range.Quality != 0 && Answer.IsSubsetOf(range)))
        {
            throw new BadHttpRequestException("The answer is text/event-stream.", StatusCodes.Status406NotAcceptable);
        }
    }

    // The header is the newer one: a browser sends it when it reconnects to the URL that it was given.
    private static (string Field, string Text)? LastEventId(HttpContext http)
    {
        var header = http.Request.Headers[RequestValues.LastEventId];
        if (header.Count > 1)
            throw new InvalidRequestException(RequestValues.LastEventId, "must be given once");
        var (field, text) = string.IsNullOrEmpty(header) ? (LastEventIdParameter, http.QueryText(LastEventIdParameter)) : (RequestValues.LastEventId, header.ToString());
        return string.IsNullOrEmpty(text) ? null : (field, text);
    }
}
