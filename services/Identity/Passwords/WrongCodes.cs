using Microservices.Persistence;

namespace Microservices.Identity;

/// <summary>Counts the wrong codes of devices that somebody enters. Thread-safe.</summary>
internal sealed class WrongCodes(Database<IdentityDbContext> database, Backoff backoff)
{
    /// <summary>What they are counted by.</summary>
    public static string KeyOf(Account account) => $"code:{account.UserId}";

    /// <summary>Counts one.</summary>
    public Task CountAsync(Account account, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        await backoff.CountAsync(context, [KeyOf(account)], cancellationToken);
        return true;
    }, cancellationToken);
}
