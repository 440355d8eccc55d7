namespace Microservices.Persistence;

/// <summary>Tells the relay of this process that events were committed here.</summary>
internal sealed class OutboxSignal<TContext> : CommitSignal
    where TContext : ServiceDbContext;
