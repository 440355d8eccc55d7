using Google.Protobuf.WellKnownTypes;

namespace Microservices.Webhooks;

/// <summary>A secret of an endpoint or of a source, as kept: sealed.</summary>
internal sealed class KeptSecret
{
    public required string SecretId { get; init; }

    /// <summary>The endpoint or the source that has it.</summary>
    public required string HolderId { get; init; }

    public required byte[] Sealed { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>When it is good no more; null for the newest.</summary>
    public DateTimeOffset? ExpireTime { get; set; }

    public V1.EndpointSecret ToMessage() => new() { SecretId = SecretId, CreateTime = CreateTime.ToTimestamp(), ExpireTime = ExpireTime?.ToTimestamp() };
}
