namespace Microservices.Identity;

/// <summary>A key that signs tokens, as it is kept.</summary>
internal sealed class SigningKeyRow
{
    /// <summary>1, 2, 3 and so on: replicas that make the next one at the same time make the same.</summary>
    public long Generation { get; init; }

    /// <summary>Its <c>kid</c>.</summary>
    public required string KeyId { get; init; }

    /// <summary>The private key, sealed by Data Protection.</summary>
    public required byte[] Sealed { get; init; }

    /// <summary>From when it signs, until the next one does. It is published before, and after.</summary>
    public DateTimeOffset ActiveTime { get; init; }
}
