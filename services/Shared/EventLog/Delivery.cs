namespace Microservices.EventLog;

/// <summary>What a subscriber gets that reads slower than events are appended.</summary>
public enum Delivery
{
    /// <summary>Every event, once, in order. A slow reader is served from the log, page by page; if that no longer reaches back: a reset.</summary>
    Lossless,

    /// <summary>
    /// The newest event of each key; older ones of the same key that were not read yet are dropped. Still in the order of
    /// offsets, so never an older after a newer. Events without a key count as having one and the same key.
    /// </summary>
    Latest,
}
