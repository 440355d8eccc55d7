using Microservices.Gateway.Rest;

namespace Microservices.Gateway.OpenApi;

/// <summary>The examples of webhooks in the API description.</summary>
internal static class WebhookExamples
{
    /// <summary>A place in the events of an owner.</summary>
    public const string Cursor = "AXq0sYc2nF9TAAAAAAAAAAAIDTAxOThmM2EyN2M0MDdtWJQ";

    private const string Payload = """{"specversion":"1.0","id":"msg_5a2e8d1c9f40b3a70f61c2d4e5f60718","source":"/orders","type":"order.placed","subject":"0198f3a2-7c40-7000-8000-3d1c6a5f0b11","time":"2026-01-31T12:00:00.25Z","datacontenttype":"application/json","data":{"kind":"ORDER_EVENT_KIND_PLACED"}}""";

    private static readonly DateTime Time = new(2026, 1, 31, 12, 0, 0, 250, DateTimeKind.Utc);

    public static CreateWebhookEndpoint Create { get; } = new() { OwnerId = "ada", Url = "https://hooks.example.com/orders", EventTypes = ["order.placed", "order.cancelled"] };

    public static UpdateWebhookEndpoint Update { get; } = new() { Version = 1, Enabled = true };

    public static RotateWebhookSecret Rotate { get; } = new() { OverlapSeconds = 3_600 };

    public static WebhookEndpoint Endpoint { get; } = new()
    {
        EndpointId = "0198f3a2-7c44-7000-8000-1b9d3f5a7c20",
        OwnerId = "ada",
        Url = "https://hooks.example.com/orders",
        Description = "",
        EventTypes = ["order.placed", "order.cancelled"],
        Ordered = false,
        State = WebhookEndpointState.Enabled,
        Secrets = [new() { SecretId = "0198f3a2-7c44-7000-8000-2c4e6a8b0d31", CreateTime = Time }],
        Version = 1,
        CreateTime = Time,
        UpdateTime = Time,
    };

    public static WebhookEndpointList List { get; } = new() { Endpoints = [Endpoint] };

    // Base64 of zeros, which nobody takes for a secret.
    public static WebhookEndpointWithSecret WithSecret { get; } = new() { Endpoint = Endpoint, Secret = $"whsec_{Convert.ToBase64String(new byte[32])}" };

    public static WebhookDelivery Delivery { get; } = new()
    {
        DeliveryId = "0198f3a2-7c60-7000-8000-6f1a3c5e7b92",
        MessageId = "msg_5a2e8d1c9f40b3a70f61c2d4e5f60718",
        EndpointId = Endpoint.EndpointId,
        OwnerId = "ada",
        EventType = "order.placed",
        Key = Examples.Order.OrderId,
        State = WebhookDeliveryState.Failed,
        Attempts = 10,
        LastStatus = 500,
        LastError = "HTTP 500",
        CreateTime = Time,
        EndTime = Time.AddDays(3),
    };

    public static WebhookDelivery Ping { get; } = Delivery with
    {
        EventType = "webhook.ping",
        Key = Endpoint.EndpointId,
        State = WebhookDeliveryState.Pending,
        Attempts = 0,
        NextAttemptTime = Time,
        LastStatus = null,
        LastError = null,
        EndTime = null,
    };

    public static WebhookDeliveryPage Page { get; } = new() { Deliveries = [Delivery] };

    public static WebhookDeliveryDetails Details { get; } = new()
    {
        Delivery = Delivery,
        Payload = Payload,
        Attempts = [new() { Time = Time, DurationMs = 12, Status = 500, Error = "HTTP 500", ResponseBody = "out of order" }],
    };

    public static ReplayWebhooks Replay { get; } = new() { After = Cursor };

    public static ReplayedWebhooks Replayed { get; } = new() { Count = 3 };

    public static ConfirmWebhooks Confirm { get; } = new() { Cursor = Cursor };

    public static ConfirmedWebhooks Confirmed { get; } = new() { Count = 3 };

    public const string DeliveryEventText = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":15000}
        id: {{Cursor}}

        event: delivery
        data: {"kind":"delivered","delivery":{"deliveryId":"0198f3a2-7c60-7000-8000-6f1a3c5e7b92","messageId":"msg_5a2e8d1c9f40b3a70f61c2d4e5f60718","endpointId":"0198f3a2-7c44-7000-8000-1b9d3f5a7c20","ownerId":"ada","eventType":"order.placed","key":"0198f3a2-7c40-7000-8000-3d1c6a5f0b11","state":"delivered","attempts":1,"lastStatus":204,"createTime":"2026-01-31T12:00:00.25Z","endTime":"2026-01-31T12:00:00.5Z"},"time":"2026-01-31T12:00:00.5Z"}
        id: {{Cursor}}~1


        """;

    public const string EventText = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":15000}
        id: AXq0sYc2nF9TAAAAAAAAAAAHDTAxOThmM2EyN2M0MDdtWJQ

        event: message
        data: {{Payload}}
        id: {{Cursor}}


        """;
}
