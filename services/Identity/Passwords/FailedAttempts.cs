namespace Microservices.Identity;

/// <summary>How often something has failed of late, for one account or one address.</summary>
internal sealed class FailedAttempts
{
    /// <summary>What failed, and whose it was.</summary>
    public required string Key { get; init; }

    /// <summary>How often.</summary>
    public int Count { get; set; }

    /// <summary>The last time.</summary>
    public DateTimeOffset LastTime { get; set; }
}
