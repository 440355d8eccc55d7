using Microservices.Notifications.V1;
using Microservices.Topics;

namespace Microservices.Webhooks;

/// <summary>Makes messages of what happens in inboxes.</summary>
internal sealed class NotificationFeed(FanOut fanOut) : IPartitionHandler<WebhooksDbContext, NotificationEvent>
{
    public DateTimeOffset TimeOf(NotificationEvent happened) => happened.Time.ToDateTimeOffset();

    // Each of the two happens to a notification once.
    public Task<HandledEvents> HandleAsync(WebhooksDbContext context, IReadOnlyList<NotificationEvent> events, CancellationToken cancellationToken) =>
        fanOut.AddAsync(context, [.. events.Select(e => new SourceEvent("/notifications", TypeOf(e.Kind), e.Notification.UserId, e.Notification.NotificationId, 1, TimeOf(e), e))], cancellationToken);

    private static string? TypeOf(NotificationEventKind kind) => kind switch
    {
        NotificationEventKind.Created => EventTypes.NotificationCreated,
        NotificationEventKind.Read => EventTypes.NotificationRead,
        _ => null,
    };
}
