using System.Text.Json;
using Microservices.Gateway.Rest;

namespace Microservices.Gateway.OpenApi;

/// <summary>The examples of webhooks that come in, in the API description.</summary>
internal static class WebhookSourceExamples
{
    private static readonly DateTime Time = new(2026, 1, 31, 12, 0, 0, 250, DateTimeKind.Utc);

    public static CreateWebhookSource Create { get; } = new() { OwnerId = "ada", Kind = WebhookSourceKind.Github, Description = "Pushes" };

    public static RotateWebhookSourceSecret Rotate { get; } = new() { OverlapSeconds = 3_600 };

    public static WebhookSource Source { get; } = new()
    {
        SourceId = "0198f3a2-7c48-7000-8000-4e6f8a0b2c53",
        Path = "/in/0198f3a2-7c48-7000-8000-4e6f8a0b2c53",
        OwnerId = "ada",
        Kind = WebhookSourceKind.Github,
        Description = "Pushes",
        Secrets = [new() { SecretId = "0198f3a2-7c48-7000-8000-5f7a9b1c3d64", CreateTime = Time }],
        CreateTime = Time,
    };

    public static WebhookSourceList List { get; } = new() { Sources = [Source] };

    // Zeros, which nobody takes for a secret.
    public static WebhookSourceWithSecret WithSecret { get; } = new() { Source = Source, Secret = new string('0', 64) };

    public static ReceivedWebhook Received { get; } = new()
    {
        ReceivedId = "0198f3a2-7c70-7000-8000-7a2b4c6d8e05",
        SourceId = Source.SourceId,
        OwnerId = "ada",
        MessageId = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        EventType = "ping",
        ContentType = "application/json",
        Size = 36,
        Payload = Convert.ToBase64String("""{"zen":"Keep it logically awesome."}"""u8),
        ReceiveTime = Time,
    };

    public static ReceivedWebhookPage Page { get; } = new() { Received = [Received with { Payload = null }] };

    public static string EventText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":15000}
        id: AXq0sYc2nF9TAAAAAAAAAAAHDTAxOThmM2EyN2M0MDdtWJQ

        event: received
        data: {{JsonSerializer.Serialize(Received, GatewayJson.Default.ReceivedWebhook)}}
        id: {{WebhookExamples.Cursor}}


        """;
}
