using System.Data.Common;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Persistence;

/// <summary>How a command under an idempotency key came out.</summary>
public enum IdempotencyOutcome
{
    /// <summary>Carried out now.</summary>
    Done,

    /// <summary>Carried out before; this is the answer given then.</summary>
    Replayed,

    /// <summary>The key was used for another request; nothing was done.</summary>
    KeyReused,
}

/// <summary>Carries out commands at most once for each key.</summary>
public static class Idempotency
{
    /// <summary>
    /// Carries out <paramref name="change"/> and remembers its answer, or gives the answer of the time before. An empty key is no
    /// key, and one that is older than <see cref="PersistenceOptions.IdempotencyRetention"/> is forgotten. A change that throws leaves no trace, so a failed command may be tried again under its key.
    /// </summary>
    /// <param name="database">Where the change is made.</param>
    /// <param name="command">The command's name, which is stored: a constant of its own, which no renaming in the code changes.</param>
    /// <param name="caller">Who gives the command.</param>
    /// <param name="key">The caller's key; empty for none.</param>
    /// <param name="request">The request, without its key.</param>
    /// <param name="change">The change. See <see cref="Database{TContext}.WriteAsync"/>.</param>
    /// <param name="now">The time to remember.</param>
    /// <param name="cancellationToken">Ends the attempt, until it commits.</param>
    /// <returns>The answer and how it came about; a default answer when the key was used for another request.</returns>
    public static async Task<(TResponse Response, IdempotencyOutcome Outcome)> WriteOnceAsync<TContext, TResponse>(
        this Database<TContext> database, string command, string caller, string key, IMessage request, Func<TContext, Task<TResponse>> change,
        DateTimeOffset now, CancellationToken cancellationToken)
        where TContext : ServiceDbContext
        where TResponse : IMessage<TResponse>, new()
    {
        if (key.Length == 0)
            return (await database.WriteAsync(change, cancellationToken), IdempotencyOutcome.Done);

        var hash = IdempotencyRecord.HashOf(request);
        return await database.WriteAsync(async context =>
        {
            if (await FindAsync() is { } before)
                return before;

            TResponse response;
            try
            {
                response = await change(context);
            }
            catch (Exception exception) when (exception is not (DbException or DbUpdateException or OperationCanceledException))
            {
                // Refused, perhaps because the same command has just been committed by somebody else: then this is a repeat, and
                // nothing of the attempt may be kept.
                context.NewEvents.Clear();
                context.NewDue.Clear();
                context.OnceCommitted.Clear();
                context.ChangeTracker.Clear();
                if (await FindAsync() is { } meanwhile)
                    return meanwhile;
                throw;
            }

            context.IdempotencyRecords.Add(new IdempotencyRecord
            {
                Command = command,
                Caller = caller,
                Key = key,
                RequestHash = hash,
                Response = response.ToByteArray(),
                CreatedAt = now,
            });
            return (response, IdempotencyOutcome.Done);

            async Task<(TResponse, IdempotencyOutcome)?> FindAsync()
            {
                var record = await context.IdempotencyRecords.AsNoTracking().FirstOrDefaultAsync(r => r.Command == command && r.Caller == caller && r.Key == key, cancellationToken);
                if (record is null)
                    return null;
                if (record.IsForgotten(now, database.IdempotencyRetention))
                {
                    await context.ForgetAsync(command, caller, [key], record.CreatedAt, cancellationToken);
                    return null;
                }

                if (!record.Answers(hash))
                    return (new TResponse(), IdempotencyOutcome.KeyReused);
                var answer = new TResponse();
                answer.MergeFrom(record.Response);
                return (answer, IdempotencyOutcome.Replayed);
            }
        }, cancellationToken);
    }

    /// <summary>Deletes what was remembered under some keys of a caller up to a time, so that they may be used anew in the same transaction.</summary>
    public static Task ForgetAsync(this ServiceDbContext context, string command, string caller, IReadOnlyCollection<string> keys, DateTimeOffset upTo, CancellationToken cancellationToken) =>
        context.IdempotencyRecords.Where(r => r.Command == command && r.Caller == caller && keys.Contains(r.Key) && r.CreatedAt <= upTo).ExecuteDeleteAsync(cancellationToken);
}
