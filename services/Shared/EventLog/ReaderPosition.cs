namespace Microservices.EventLog;

/// <summary>Where a reader's place is relative to what its process has of the topic in memory.</summary>
internal enum ReaderPosition
{
    /// <summary>Nothing follows it yet; the reader is woken when something does.</summary>
    CaughtUp,

    /// <summary>What follows it is in memory: the reader is live.</summary>
    InMemory,

    /// <summary>What follows it has to be read from the log, or it is no place of the topic: the reader has to catch up.</summary>
    Behind,
}
