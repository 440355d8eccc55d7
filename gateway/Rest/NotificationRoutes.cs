using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microservices.Notifications.V1;

namespace Microservices.Gateway.Rest;

/// <summary>The inboxes of users over REST. What changes in them is among the user's events.</summary>
internal static class NotificationRoutes
{
    private const string Tag = "Notifications";

    public static void MapNotifications(this WebApplication app)
    {
        app.MapGet("/v1/users/{userId}/notifications", ListAsync)
            .StandsFor(NotificationsService.Descriptor, "ListNotifications")
            .Describe("listNotifications", Tag, "List the notifications of a user", "Newest first, page by page. A user who has none, or does not exist, has an empty list.")
            .UserId()
            .Page()
            .Query("unreadOnly", JsonSchemas.Flag, "Only those that are unread.", "false")
            .Answers<NotificationPage>(200, "A page of notifications.", Examples.NotificationPage)
            .Fails(400);
        app.MapPost("/v1/users/{userId}/notifications:markRead", MarkReadAsync)
            .StandsFor(NotificationsService.Descriptor, "MarkRead")
            .Describe("markNotificationsRead", Tag, "Mark notifications as read", "Those that are read already stay as they are. 404, and nothing is marked, when one of them is not there or is another user's.")
            .UserId()
            .Body<MarkRead>(Examples.MarkRead)
            .Answers<NotificationList>(200, "The notifications as they are now.", Examples.NotificationList)
            .Fails(400, 404, 413, 415);
    }

    private static async Task<IResult> ListAsync(string userId, HttpContext http, NotificationsService.NotificationsServiceClient notifications)
    {
        var request = new ListNotificationsRequest
        {
            UserId = userId,
            PageSize = http.QueryNumber("pageSize"),
            PageToken = http.QueryText("pageToken") ?? "",
            UnreadOnly = http.QueryFlag("unreadOnly"),
        };
        var response = await notifications.ListNotificationsAsync(request, http.CallOptions());
        var page = new NotificationPage
        {
            Notifications = [.. response.Notifications.Select(notification => notification.ToJson())],
            UnreadCount = response.UnreadCount,
            NextPageToken = Answers.Token(response.NextPageToken),
        };
        return ReaderPace.Json(http, page, GatewayJson.Default.NotificationPage, response.CalculateSize());
    }

    private static async Task<IResult> MarkReadAsync(string userId, HttpContext http, NotificationsService.NotificationsServiceClient notifications)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.MarkRead);
        var errors = new RequestErrors();
        var request = new MarkReadRequest { UserId = userId };
        request.NotificationIds.AddRange(errors.Texts("notificationIds", errors.Required("notificationIds", body.NotificationIds, [])));
        errors.ThrowIfAny();
        var response = await notifications.MarkReadAsync(request, options);
        var marked = new NotificationList { Notifications = [.. response.Notifications.Select(notification => notification.ToJson())] };
        return TypedResults.Json(marked, GatewayJson.Default.NotificationList);
    }
}
