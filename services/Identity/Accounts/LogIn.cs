using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>What came of an attempt: an account; or neither, for a wrong address or password; or how long to wait.</summary>
internal sealed record LoginResult(Account? Account, TimeSpan Delay = default);

/// <summary>
/// Checks passwords. An unknown address and a wrong password are answered alike, in the same time. Whoever fails too often waits
/// (<see cref="Backoff"/>), and the account's owner waits no longer than anybody else, or not at all in a browser that has logged in to it before. Thread-safe.
/// </summary>
internal sealed class LogIn(Database<IdentityDbContext> database, PasswordPool pool, Backoff backoff, AuditLog audit, Register register, IOptions<IdentityOptions> options)
{
    /// <summary>Tries a password.</summary>
    /// <param name="email">The address, as it was written.</param>
    /// <param name="password">The password.</param>
    /// <param name="isKnownBrowser">Whether the browser has logged in to this account before.</param>
    /// <param name="origin">Where from.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="Grpc.Core.RpcException">Users, which the account's registration waits for, cannot be reached.</exception>
    public async Task<LoginResult> HandleAsync(string email, string password, bool isKnownBrowser, Origin origin, CancellationToken cancellationToken)
    {
        var emailKey = Account.KeyOf(email);
        var (accountKey, addressKey) = (Backoff.AccountKey(emailKey), Backoff.AddressKey(origin.Address));
        string[] keys = isKnownBrowser ? [addressKey] : [accountKey, addressKey];
        // Turned away at once, before they take up a place in the line.
        if (await backoff.DelayAsync(keys, cancellationToken) is var early && early > TimeSpan.Zero)
            return new(null, early);

        using var turn = await pool.EnterAsync(origin, cancellationToken);
        if (turn is null)
            return new(null, options.Value.LoginTimeout);
        // Those before it in the line may have failed meanwhile.
        if (await backoff.DelayAsync(keys, cancellationToken) is var late && late > TimeSpan.Zero)
            return new(null, late);
        var account = await database.ReadAsync(context => context.Accounts.SingleOrDefaultAsync(a => a.EmailKey == emailKey, cancellationToken), cancellationToken);
        if (!await turn.VerifyAsync(account, password))
        {
            await database.WriteAsync(async context =>
            {
                await backoff.CountAsync(context, [accountKey, addressKey], cancellationToken);
                await audit.AppendAsync(context, AuditEvents.LoginFailed, account?.UserId, null, origin, "", cancellationToken);
                return true;
            }, cancellationToken);
            return new(null);
        }

        await database.WriteAsync(context => Backoff.ForgetAsync(context, accountKey, cancellationToken), cancellationToken);
        return new(account!.IsRegistered || await register.CompleteAsync(account, origin, cancellationToken) is null ? account : null);
    }
}
