using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>Forgets idempotency keys past their retention.</summary>
internal sealed class IdempotencyCleaner<TContext>(
    Database<TContext> database, IOptions<PersistenceOptions> options, TimeProvider time, ILogger<IdempotencyCleaner<TContext>> logger)
    : Cleaner(options.Value.IdempotencyRetention, time, logger)
    where TContext : ServiceDbContext
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) => database.WriteAsync(
        context => context.IdempotencyRecords.Where(r => r.CreatedAt < before).OrderBy(r => r.CreatedAt).Take(count).ExecuteDeleteAsync(cancellationToken), cancellationToken);
}
