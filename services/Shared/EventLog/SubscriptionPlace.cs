namespace Microservices.EventLog;

/// <summary>How far a subscription has come in a topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Offset">The offset of the last event that it was given.</param>
/// <param name="Head">The offset of the newest event that this process knows of.</param>
/// <param name="Lag">How many events wait for it: those in between, or, of one that gets the latest only, those that are left of them.</param>
public readonly record struct SubscriptionPlace(string Topic, long Offset, long Head, long Lag);
