using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Identity;

/// <summary>Deletes revocations whose tokens have expired.</summary>
internal sealed class RevocationCleaner(Database<IdentityDbContext> database, TimeProvider time, ILogger<RevocationCleaner> logger) : Cleaner(TimeSpan.Zero, time, logger)
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) => database.WriteAsync(
        context => context.Revocations.Where(r => r.ExpireTime < before).OrderBy(r => r.ExpireTime).Take(count).ExecuteDeleteAsync(cancellationToken), cancellationToken);
}
