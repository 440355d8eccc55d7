using Microservices.Hosting.Errors;
using Microservices.Notifications.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Notifications;

/// <summary>Marks notifications of one user as read: all that are named, or none.</summary>
internal sealed class MarkRead(Database<NotificationsDbContext> database, TimeProvider time)
{
    private const int MaxIds = 500;

    public async Task<MarkReadResponse> HandleAsync(MarkReadRequest request, CancellationToken cancellationToken)
    {
        Check(request).ThrowIfAny(NotificationErrors.Domain);
        return await database.WriteAsync(context => MarkAsync(context, request, cancellationToken), cancellationToken);
    }

    private static FieldViolations Check(MarkReadRequest request)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        if (request.NotificationIds.Count is 0 or > MaxIds)
        {
            violations.Add("notification_ids", $"must be 1 to {MaxIds}");
            return violations;
        }

        var ids = new HashSet<string>();
        foreach (var (i, id) in request.NotificationIds.Index())
        {
            violations.CheckId($"notification_ids[{i}]", id);
            if (!ids.Add(id))
                violations.Add($"notification_ids[{i}]", "is named before");
        }

        return violations;
    }

    private async Task<MarkReadResponse> MarkAsync(NotificationsDbContext context, MarkReadRequest request, CancellationToken cancellationToken)
    {
        var ids = request.NotificationIds.ToList();
        var found = await context.Notifications
            .Where(n => n.UserId == request.UserId && ids.Contains(n.NotificationId))
            .ToDictionaryAsync(n => n.NotificationId, cancellationToken);
        if (ids.Find(id => !found.ContainsKey(id)) is { } missing)
            throw new StatusException(NotificationErrors.NotFound(missing));

        var now = time.GetUtcNow().ToMicroseconds();
        foreach (var id in ids.Where(id => found[id].ReadTime is null))
        {
            found[id].ReadTime = now;
            context.Publish(NotificationEventKind.Read, found[id].ToMessage(), now);
        }

        var response = new MarkReadResponse();
        response.Notifications.AddRange(ids.Select(id => found[id].ToMessage()));
        return response;
    }
}
