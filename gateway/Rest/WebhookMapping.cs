using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microservices.Primitives;
using Microservices.Webhooks.V1;

namespace Microservices.Gateway.Rest;

/// <summary>The messages of Webhooks as JSON resources.</summary>
internal static class WebhookMapping
{
    public static WebhookEndpoint ToJson(this Microservices.Webhooks.V1.Endpoint endpoint) => new()
    {
        EndpointId = endpoint.EndpointId,
        OwnerId = endpoint.OwnerId,
        Url = endpoint.Url,
        Description = endpoint.Description,
        EventTypes = [.. endpoint.EventTypes],
        Ordered = endpoint.Ordered,
        State = endpoint.State switch
        {
            EndpointState.Enabled => WebhookEndpointState.Enabled,
            EndpointState.Disabled => WebhookEndpointState.Disabled,
            EndpointState.Failed => WebhookEndpointState.Failed,
            EndpointState.Gone => WebhookEndpointState.Gone,
            _ => WebhookEndpointState.Unknown,
        },
        StateReason = OrAbsent(endpoint.StateReason),
        FailingSince = endpoint.FailingSince?.ToDateTime(),
        Secrets = [.. endpoint.Secrets.Select(ToJson)],
        Version = endpoint.Version,
        CreateTime = Utc(endpoint.CreateTime),
        UpdateTime = Utc(endpoint.UpdateTime),
    };

    public static WebhookDelivery ToJson(this Delivery delivery) => new()
    {
        DeliveryId = delivery.DeliveryId,
        MessageId = delivery.MessageId,
        EndpointId = delivery.EndpointId,
        OwnerId = delivery.OwnerId,
        EventType = delivery.EventType,
        Key = delivery.Key,
        State = delivery.State switch
        {
            DeliveryState.Pending => WebhookDeliveryState.Pending,
            DeliveryState.Delivered => WebhookDeliveryState.Delivered,
            DeliveryState.Failed => WebhookDeliveryState.Failed,
            _ => WebhookDeliveryState.Unknown,
        },
        Attempts = delivery.Attempts,
        NextAttemptTime = delivery.NextAttemptTime?.ToDateTime(),
        LastStatus = OrAbsent(delivery.LastStatus),
        LastError = OrAbsent(delivery.LastError),
        CreateTime = Utc(delivery.CreateTime),
        EndTime = delivery.EndTime?.ToDateTime(),
    };

    public static WebhookDeliveryDetails ToJson(this GetDeliveryResponse response) => new()
    {
        Delivery = response.Delivery.ToJson(),
        Payload = response.Payload,
        Attempts = [.. response.Attempts.Select(ToJson)],
    };

    public static WebhookDeliveryEvent ToJson(this DeliveryEvent change, ByteString cause) => new()
    {
        Kind = change.Kind switch
        {
            DeliveryEventKind.Created => WebhookDeliveryEventKind.Created,
            DeliveryEventKind.Attempted => WebhookDeliveryEventKind.Attempted,
            DeliveryEventKind.Delivered => WebhookDeliveryEventKind.Delivered,
            DeliveryEventKind.Failed => WebhookDeliveryEventKind.Failed,
            DeliveryEventKind.Replayed => WebhookDeliveryEventKind.Replayed,
            DeliveryEventKind.EndpointDisabled => WebhookDeliveryEventKind.EndpointDisabled,
            _ => WebhookDeliveryEventKind.Unknown,
        },
        Delivery = change.Delivery?.ToJson(),
        Time = Utc(change.Time),
        Traceparent = TraceContext.ToTraceparent(cause.Span),
    };

    public static WebhookSecret ToJson(this EndpointSecret secret) => new() { SecretId = secret.SecretId, CreateTime = Utc(secret.CreateTime), ExpireTime = secret.ExpireTime?.ToDateTime() };

    private static WebhookAttempt ToJson(DeliveryAttempt attempt) => new()
    {
        Time = Utc(attempt.Time),
        DurationMs = (long)(attempt.Duration ?? new Duration()).ToTimeSpan().TotalMilliseconds,
        Status = OrAbsent(attempt.Status),
        Error = OrAbsent(attempt.Error),
        ResponseBody = OrAbsent(attempt.ResponseBody),
    };

    /// <summary>Text as JSON has it: absent where there is none.</summary>
    public static string? OrAbsent(string text) => text.Length == 0 ? null : text;

    private static int? OrAbsent(int number) => number == 0 ? null : number;

    public static DateTime Utc(Timestamp? timestamp) => (timestamp ?? new Timestamp()).ToDateTime();
}
