using Microservices.Hosting;
using Microservices.Hosting.Errors;
using Microservices.Notifications.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Notifications;

/// <summary>Lists the notifications of a user, newest first.</summary>
internal sealed class ReadInbox(Database<NotificationsDbContext> database)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;
    private const int MaxUnreadCount = 1_000;

    public async Task<ListNotificationsResponse> ListAsync(ListNotificationsRequest request, CancellationToken cancellationToken)
    {
        var list = $"notifications/{request.UserId}/{(request.UnreadOnly ? "unread" : "all")}";
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var before = violations.PagePosition("page_token", list, request.PageToken, FieldViolations.IsId);
        violations.ThrowIfAny(NotificationErrors.Domain);

        var (page, unread) = await database.ReadAsync(async context =>
        {
            var inbox = context.Notifications.Where(n => n.UserId == request.UserId);
            var wanted = request.UnreadOnly ? inbox.Where(n => n.ReadTime == null) : inbox;
            if (before.Length > 0)
                wanted = wanted.Where(n => string.Compare(n.NotificationId, before) < 0);
            var found = await wanted.OrderByDescending(n => n.NotificationId).ReadPageAsync(n => n.ToMessage(), size, cancellationToken);
            return (found, await inbox.Where(n => n.ReadTime == null).OrderByDescending(n => n.NotificationId).Take(MaxUnreadCount).CountAsync(cancellationToken));
        }, cancellationToken);

        var response = new ListNotificationsResponse { UnreadCount = unread };
        response.Notifications.AddRange(page.Items);
        if (page.More)
            response.NextPageToken = PageToken.Encode(list, page.Last!.NotificationId);
        return response;
    }
}
