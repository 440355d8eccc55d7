using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Notifications;

/// <summary>The errors of this service.</summary>
internal static class NotificationErrors
{
    public static readonly ErrorDomain Domain = new("notifications.v1");

    /// <summary>Also where it is there and another user's: who asks does not learn of it.</summary>
    public static Status NotFound(string notificationId) => Domain.NotFound("notifications.v1.Notification", notificationId);
}
