namespace Microservices.Persistence;

/// <summary>One view of the database for several queries. Nothing is tracked and nothing is to be written. Not thread-safe; dispose it soon.</summary>
public sealed class DatabaseView<TContext> : IAsyncDisposable
    where TContext : ServiceDbContext
{
    internal DatabaseView(TContext context) => Context = context;

    /// <summary>What to query.</summary>
    public TContext Context { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Context.Database.CurrentTransaction is { } transaction)
            await transaction.DisposeAsync();
        await Context.DisposeAsync();
    }
}
