namespace Microservices.EventLog;

/// <summary>What became of an event that was appended.</summary>
public enum AppendStatus
{
    /// <summary>It has its place in the log and was published. A log out of memory does not keep it, though: readers that miss it are served by the <see cref="IEventHistory"/>.</summary>
    Appended,

    /// <summary>Durable only: the log had its offset already; nothing was done.</summary>
    Duplicate,

    /// <summary>Durable only: refused, since the log ends more than one before it. Append from <see cref="AppendResult.LastOffset"/> + 1 on.</summary>
    Gap,

    /// <summary>Durable only: refused, since the log has a different event at its offset. The database went back in time; give the topic a new epoch.</summary>
    Conflict,

    /// <summary>In a batch: the log did not answer. The event may be in the log or not.</summary>
    Unavailable,

    /// <summary>In a batch: the event is not allowed, see <see cref="AppendResult.Violation"/>; it never will be. The others are not concerned by that, but durable ones after it in its topic have a gap before them.</summary>
    Refused,
}

/// <summary>What became of an event that was appended.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Epoch">The epoch of the topic; empty when unavailable.</param>
/// <param name="Offset">The event's offset: given by the log (transient) or by the caller (durable). 0 where a transient event is unavailable.</param>
/// <param name="LastOffset">The last offset of the topic when the call was done; 0 when unavailable.</param>
public readonly record struct AppendResult(AppendStatus Status, string Epoch, long Offset, long LastOffset)
{
    /// <summary>What is wrong with the event, for people; null unless it is <see cref="AppendStatus.Refused"/>.</summary>
    public string? Violation { get; init; }

    /// <summary>The log has the event: appended now, or already before.</summary>
    public bool IsInLog => Status is AppendStatus.Appended or AppendStatus.Duplicate;
}
