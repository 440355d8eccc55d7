using Microservices.Webhooks.V1;

namespace Microservices.Gateway.Rest;

/// <summary>Sources of webhooks and what they receive as JSON resources.</summary>
internal static class WebhookSourceMapping
{
    public static WebhookSource ToJson(this Source source) => new()
    {
        SourceId = source.SourceId,
        Path = $"/in/{source.SourceId}",
        OwnerId = source.OwnerId,
        Kind = source.Kind switch
        {
            SourceKind.Standard => WebhookSourceKind.Standard,
            SourceKind.Github => WebhookSourceKind.Github,
            SourceKind.Stripe => WebhookSourceKind.Stripe,
            _ => WebhookSourceKind.Unknown,
        },
        Description = source.Description,
        Secrets = [.. source.Secrets.Select(secret => secret.ToJson())],
        CreateTime = WebhookMapping.Utc(source.CreateTime),
    };

    public static SourceKind ToKind(this WebhookSourceKind kind) => kind switch
    {
        WebhookSourceKind.Standard => SourceKind.Standard,
        WebhookSourceKind.Github => SourceKind.Github,
        WebhookSourceKind.Stripe => SourceKind.Stripe,
        _ => SourceKind.Unspecified,
    };

    public static ReceivedWebhook ToJson(this ReceivedMessage message) => new()
    {
        ReceivedId = message.ReceivedId,
        SourceId = message.SourceId,
        OwnerId = message.OwnerId,
        MessageId = message.MessageId,
        EventType = WebhookMapping.OrAbsent(message.EventType),
        ContentType = WebhookMapping.OrAbsent(message.ContentType),
        Size = message.Size,
        Payload = WebhookMapping.OrAbsent(message.Payload.ToBase64()),
        ReceiveTime = WebhookMapping.Utc(message.ReceiveTime),
    };
}
