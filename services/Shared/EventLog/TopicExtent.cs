namespace Microservices.EventLog;

/// <summary>What Redis holds of a topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Epoch">Its epoch; empty without a log.</param>
/// <param name="EarliestOffset">The offset of the oldest event that is held; one more than <paramref name="LastOffset"/> when none is.</param>
/// <param name="LastOffset">The offset of the newest event; 0 without a log.</param>
/// <param name="Bytes">How many bytes the events that are held take, with what is kept beside each.</param>
public readonly record struct TopicExtent(string Topic, string Epoch, long EarliestOffset, long LastOffset, long Bytes)
{
    /// <summary>How many events are held.</summary>
    public long Events => LastOffset - EarliestOffset + 1;
}
