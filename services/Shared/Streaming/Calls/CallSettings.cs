namespace Microservices.Streaming.Calls;

/// <summary>The settings of one call. <c>default</c> is right for most calls.</summary>
public readonly record struct CallSettings
{
    /// <summary>How long the call may take; null for the client's default. With zero or less it fails at once.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// On whose behalf the call is made; compared exactly. Identical calls of different principals never share an answer, so it must be set
    /// whenever the answer depends on the caller and the message does not name that. Null: on behalf of nobody in particular.
    /// </summary>
    public string? Principal { get; init; }

    /// <summary>Sends the call even when an identical one is under way.</summary>
    public bool Unshared { get; init; }

    /// <summary>
    /// Joins an identical call that is under way only if that was made at this <see cref="TimeProvider.GetTimestamp"/> or later: for a read
    /// that must see what was written before. 0: whenever it was made.
    /// </summary>
    public long NotBefore { get; init; }
}
