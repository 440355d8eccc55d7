namespace Microservices.EventLog;

/// <summary>A topic as its readers see it: what came live, and what can be read besides.</summary>
internal abstract class FollowedTopic(string name, EventLogOptions options, bool hasHistory)
{
    public string Name => name;

    public TopicState State { get; } = new(options, hasHistory);

    /// <summary>Whether it has ended: its readers end too.</summary>
    public abstract bool IsClosed { get; }

    /// <summary>The page after a place; one read for all that ask for the same place at a time.</summary>
    /// <exception cref="OperationCanceledException">The topic was closed.</exception>
    public abstract Task<FetchedPage> FetchAsync(Position after);
}
