namespace Microservices.EventLog;

/// <summary>Where a topic ends.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Epoch">Its epoch; empty when there never was an event.</param>
/// <param name="LastOffset">The offset of its newest event; 0 when there never was one.</param>
public readonly record struct TopicHead(string Topic, string Epoch, long LastOffset);
