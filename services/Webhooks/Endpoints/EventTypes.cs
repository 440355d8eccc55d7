using Microservices.Hosting.Errors;

namespace Microservices.Webhooks;

/// <summary>What an endpoint may be told of.</summary>
internal static class EventTypes
{
    public const string OrderPlaced = "order.placed";
    public const string OrderAdvanced = "order.advanced";
    public const string OrderCancelled = "order.cancelled";
    public const string UserCreated = "user.created";
    public const string UserUpdated = "user.updated";
    public const string NotificationCreated = "notification.created";
    public const string NotificationRead = "notification.read";

    /// <summary>Something has come in at a source.</summary>
    public const string WebhookReceived = "webhook.received";

    /// <summary>Not among those that an endpoint chooses: it is sent because somebody asked for it.</summary>
    public const string Ping = "webhook.ping";

    private static readonly string[] All = [OrderPlaced, OrderAdvanced, OrderCancelled, UserCreated, UserUpdated, NotificationCreated, NotificationRead, WebhookReceived];

    public static void CheckEventTypes(this FieldViolations violations, string field, IReadOnlyList<string> types)
    {
        foreach (var (i, type) in types.Take(All.Length + 1).Index())
        {
            if (!All.Contains(type))
                violations.Add($"{field}[{i}]", $"must be one of {string.Join(", ", All)}");
            else if (types.Take(i).Contains(type))
                violations.Add($"{field}[{i}]", "is named before");
        }
    }
}
