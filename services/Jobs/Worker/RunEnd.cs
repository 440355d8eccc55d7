namespace Microservices.Jobs;

/// <summary>How a run ended.</summary>
internal enum RunEndKind
{
    /// <summary>It has an output.</summary>
    Succeeded,

    /// <summary>It has failed.</summary>
    Failed,

    /// <summary>It has ended since it was asked to or, since it did not, by the end of its process.</summary>
    Cancelled,

    /// <summary>Its process has died, perhaps by its doing.</summary>
    Died,

    /// <summary>Its process was killed, and not for its sake.</summary>
    Interrupted,
}

/// <summary>What a run came to.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Output">Its output, if it has succeeded.</param>
/// <param name="Error">Why it has failed, for people; empty if it has not.</param>
/// <param name="IsPermanent">It would always fail.</param>
internal sealed record RunEnd(RunEndKind Kind, byte[]? Output = null, string Error = "", bool IsPermanent = false);
