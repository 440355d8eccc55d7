using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace Microservices.Identity;

/// <summary>Deletes what has expired: tokens and their authorizations, sessions, failed attempts, and registrations that nobody came back for.</summary>
internal sealed class TokenCleaner(Database<IdentityDbContext> database, TimeProvider time, ILogger<TokenCleaner> logger) : Cleaner(TimeSpan.FromHours(1), time, logger)
{
    protected override Task<int> DeleteAsync(DateTimeOffset before, int count, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        var (utc, tokens, authorizations) = (before.UtcDateTime, context.Set<OpenIddictEntityFrameworkCoreToken>(), context.Set<OpenIddictEntityFrameworkCoreAuthorization>());
        int[] deleted =
        [
            await tokens.Where(t => t.ExpirationDate < utc).OrderBy(t => t.ExpirationDate).Take(count).ExecuteDeleteAsync(cancellationToken),
            await authorizations.Where(a => a.CreationDate < utc && a.Type == "ad-hoc" && !a.Tokens.Any()).OrderBy(a => a.CreationDate).Take(count).ExecuteDeleteAsync(cancellationToken),
            await context.Sessions.Where(s => s.ExpireTime < before).OrderBy(s => s.ExpireTime).Take(count).ExecuteDeleteAsync(cancellationToken),
            await context.FailedAttempts.Where(a => a.LastTime < before).OrderBy(a => a.LastTime).Take(count).ExecuteDeleteAsync(cancellationToken),
            await context.Accounts.Where(a => !a.IsRegistered && a.CreateTime < before).OrderBy(a => a.CreateTime).Take(count).ExecuteDeleteAsync(cancellationToken),
        ];
        // Full as long as one of them may have more.
        return deleted.Max();
    }, cancellationToken);
}
