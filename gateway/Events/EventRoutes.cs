using Microservices.Gateway.OpenApi;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway.Events;

/// <summary>Events over HTTP.</summary>
internal static class EventRoutes
{
    private const string LastEventIdParameter = "lastEventId";
    private const string EventStream = "text/event-stream";
    private static readonly MediaTypeHeaderValue Answer = new(EventStream);

    public static void MapEvents(this WebApplication app) =>
        app.MapGet("/v1/users/{userId}/events", ServeAsync)
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
            .Query(LastEventIdParameter, JsonSchemas.Text, "Like Last-Event-ID, for tools that cannot set headers; the header takes precedence.", Examples.EventId)
            .AnswersText(EventStream, "The events, until `end`.", Examples.EventText)
            .Fails(400, 404, 406);

    private static Task ServeAsync(string userId, HttpContext http, UserEventStreams streams)
    {
        if (!IsAccepted(http.Request))
            throw new BadHttpRequestException("The answer is text/event-stream.", StatusCodes.Status406NotAcceptable);
        var from = Resume(http, userId);
        return HeadRequests.IsHead(http) ? streams.DescribeAsync(http, userId) : streams.ServeAsync(http, userId, from);
    }

    private static bool IsAccepted(HttpRequest request) =>
        request.Headers.Accept.Count == 0
        || !MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        || accepted.Any(range => range.Quality != 0 && Answer.IsSubsetOf(range));

    // The header is the newer one: a browser sends it when it reconnects to the URL that it was given.
    private static ReaderPosition[]? Resume(HttpContext http, string userId)
    {
        var header = http.Request.Headers[RequestValues.LastEventId];
        if (header.Count > 1)
            throw new InvalidRequestException(RequestValues.LastEventId, "must be given once");
        var field = string.IsNullOrEmpty(header) ? LastEventIdParameter : RequestValues.LastEventId;
        var text = string.IsNullOrEmpty(header) ? http.QueryText(LastEventIdParameter) : header.ToString();
        if (string.IsNullOrEmpty(text))
            return null;
        return ReaderPositions.TryParse(MergedUserEvents.Owner(userId), text, MergedUserEvents.Sources.Count, out var positions)
            ? positions
            : throw new InvalidRequestException(field, "is not the id of an earlier event of this user");
    }
}
