using Microservices.Persistence;

namespace Microservices.Topics;

/// <summary>What a handler has dealt with.</summary>
/// <param name="Events">How many of the events, the first of them: one at least.</param>
/// <param name="Rows">How many rows it has added.</param>
public readonly record struct HandledEvents(int Events, int Rows);

/// <summary>What a service makes of the events that it consumes. A singleton, called for several partitions at once.</summary>
/// <typeparam name="TContext">The service's database.</typeparam>
/// <typeparam name="TEvent">The message of one event.</typeparam>
public interface IPartitionHandler<in TContext, in TEvent>
    where TContext : ServiceDbContext
{
    /// <summary>
    /// Adds to the context what is made of some events, in their order; it is committed together with the place after them. Called
    /// again, with another context, when that fails or collides, so it must have no other effect. It may deal with the first of them only, so that no
    /// transaction is too large for others to wait for: that is committed, and it is called with the rest. After a reset, and after a process died between
    /// such commits, it may get events that were dealt with before: it skips them. What it throws makes the partition wait and begin again at these events.
    /// </summary>
    Task<HandledEvents> HandleAsync(TContext context, IReadOnlyList<TEvent> events, CancellationToken cancellationToken);

    /// <summary>When an event happened, for the measure of the lag.</summary>
    DateTimeOffset TimeOf(TEvent happened);
}
