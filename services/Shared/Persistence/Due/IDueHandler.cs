namespace Microservices.Persistence;

/// <summary>Does the due work of one kind. A singleton, called for many rows at a time.</summary>
/// <typeparam name="TContext">The service's database.</typeparam>
public interface IDueHandler<TContext>
    where TContext : ServiceDbContext
{
    /// <summary>
    /// Does the work and says what is to be committed. It runs in no transaction and may take as long as it needs, and block: its lease is renewed
    /// for as long as the process lives. It bounds its own time. It may run again after its process has died, so an effect elsewhere carries the
    /// work's id for the other side to know a repeat by; what it returns commits once.
    /// </summary>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Fires when the process stops and the time to drain has passed, or when the lease is lost: nothing that is returned then commits.</param>
    /// <returns>What it came to. To throw is to fail with the exception's message.</returns>
    Task<DueResult<TContext>> HandleAsync(DueWork work, CancellationToken cancellationToken);
}

/// <summary>What an attempt came to: see <see cref="DueResult"/>.</summary>
public sealed class DueResult<TContext>
    where TContext : ServiceDbContext
{
    internal Func<TContext, Task>? Commit { get; init; }

    internal string? Error { get; init; }

    internal TimeSpan? RetryAfter { get; init; }
}

/// <summary>What an attempt may come to.</summary>
public static class DueResult
{
    /// <summary>The work is done: it is deleted.</summary>
    /// <param name="commit">What else commits with that, as in <see cref="Database{TContext}.WriteAsync"/>: it may run several times. It may add more work, under the same id too.</param>
    public static DueResult<TContext> Done<TContext>(Func<TContext, Task>? commit = null)
        where TContext : ServiceDbContext => new() { Commit = commit };

    /// <summary>The attempt failed: the work is due again by the schedule of its kind, or is quarantined when that has come to its end.</summary>
    /// <param name="error">Why, for people, without secrets; kept up to 512 characters.</param>
    /// <param name="retryAfter">Not before that long, whatever the schedule says; at most ten years.</param>
    /// <param name="commit">What else commits with that, such as a line about the attempt.</param>
    public static DueResult<TContext> Failed<TContext>(string error, TimeSpan? retryAfter = null, Func<TContext, Task>? commit = null)
        where TContext : ServiceDbContext => new() { Error = error, RetryAfter = retryAfter, Commit = commit };
}
