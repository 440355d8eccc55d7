using Google.Protobuf.WellKnownTypes;

namespace Microservices.Webhooks;

/// <summary>A secret of an endpoint as kept: sealed.</summary>
internal sealed class EndpointSecret
{
    public required string SecretId { get; init; }

    public required string EndpointId { get; init; }

    public required byte[] Sealed { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>When it signs no more; null for the newest.</summary>
    public DateTimeOffset? ExpireTime { get; set; }

    public V1.EndpointSecret ToMessage() => new() { SecretId = SecretId, CreateTime = CreateTime.ToTimestamp(), ExpireTime = ExpireTime?.ToTimestamp() };
}
