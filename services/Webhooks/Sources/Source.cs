using Google.Protobuf.WellKnownTypes;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>A source as kept.</summary>
internal sealed class Source
{
    public required string SourceId { get; init; }

    public required string OwnerId { get; init; }

    public required SourceKind Kind { get; init; }

    public required string Description { get; init; }

    /// <summary>How many bytes it has ever received, each message counted as its body and <see cref="ReceivedMessage.Overhead"/>: where the next one begins.</summary>
    public long Received { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <param name="secrets">Those that are good now.</param>
    public V1.Source ToMessage(IEnumerable<KeptSecret> secrets) => new()
    {
        SourceId = SourceId,
        OwnerId = OwnerId,
        Kind = Kind,
        Description = Description,
        Secrets = { secrets.OrderByDescending(s => s.CreateTime).Select(s => s.ToMessage()) },
        CreateTime = CreateTime.ToTimestamp(),
    };
}
