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

    /// <summary>Asks the callee even when an identical call is under way, for a read that must see an earlier write.</summary>
    public bool Unshared { get; init; }
}
