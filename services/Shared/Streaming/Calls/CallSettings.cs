namespace Microservices.Streaming.Calls;

/// <summary>The settings of one call. <c>default</c> is right for most calls.</summary>
public readonly record struct CallSettings
{
    /// <summary>How long the call may take; null for the client's default. With zero or less it fails at once.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// The access token of whom the call is made for, who may do by it what its owner may, and no more; null for the process itself. Identical calls with
    /// different tokens never share an answer. It is sent once a stream, and a number in its place from then on.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Whose share of the adaptive limit the call takes (<see cref="UserShares"/>); null for nobody's.</summary>
    public string? User { get; init; }

    /// <summary>Sends the call even when an identical one is under way.</summary>
    public bool Unshared { get; init; }

    /// <summary>
    /// Joins an identical call that is under way only if that was made at this <see cref="TimeProvider.GetTimestamp"/> or later: for a read
    /// that must see what was written before. 0: whenever it was made.
    /// </summary>
    public long NotBefore { get; init; }

    /// <summary>Without the token, which nobody is to read in a log.</summary>
    public override string ToString() => $"{nameof(CallSettings)} {{ {nameof(Timeout)} = {Timeout}, {nameof(Unshared)} = {Unshared}, {nameof(NotBefore)} = {NotBefore} }}";
}
