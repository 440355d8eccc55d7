using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Persistence;

/// <summary>
/// Carries out commands of a service as they are carried out, up to the commit: everything is taken back instead, events and idempotency keys
/// included, so that nobody ever sees it. What a process does before it is ready, so that its first callers do not wait until code is compiled,
/// queries are planned and connections opened.
/// </summary>
public sealed class Rehearsal<TContext>
    where TContext : ServiceDbContext
{
    private readonly IServiceProvider services;
    private readonly Database<TContext> database;

    internal Rehearsal(IServiceProvider services, Database<TContext> database) => (this.services, this.database) = (services, database.ForRehearsal());

    /// <summary>Carries out a command.</summary>
    /// <typeparam name="THandler">Carries it out, with a <see cref="Database{TContext}"/>.</typeparam>
    /// <param name="command">The command.</param>
    /// <param name="parts">What the handler is given in place of what is registered.</param>
    public Task RunAsync<THandler>(Func<THandler, Task> command, params object[] parts)
        where THandler : class
    {
        return command(ActivatorUtilities.CreateInstance<THandler>(services, [database, .. parts]));
    }
}
