using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Notifications;

/// <summary>The errors of this service.</summary>
internal static class NotificationErrors
{
    public static readonly ErrorDomain Domain = new("notifications.v1");

    /// <summary>Also for one that is another user's: the caller does not learn that it exists.</summary>
    public static Status NotFound(string notificationId) => Domain.NotFound("notifications.v1.Notification", notificationId);
}
