namespace Microservices.Streaming.Calls;

/// <summary>What one call asks for beside its message. <c>default</c> is right for most.</summary>
public readonly record struct CallSettings
{
    /// <summary>How long the call may take; null for the client's default. Zero or less: it has failed already.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// On whose behalf; compared exactly. Identical calls of different principals never share an answer. Must be set whenever the
    /// answer depends on who asks and the message does not say so. Null: on behalf of nobody in particular.
    /// </summary>
    public string? Principal { get; init; }

    /// <summary>Asks the callee even when an identical call is under way.</summary>
    public bool Unshared { get; init; }

    /// <summary>
    /// Joins an identical call that is under way only if that began at this <see cref="TimeProvider.GetTimestamp"/> or later: for a read
    /// that must see what was written before. 0: whenever it began.
    /// </summary>
    public long NotBefore { get; init; }
}
