using Grpc.Core;
using Microservices.Persistence;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>What came of a registration: an account; or what is wrong, by field; or how long to wait.</summary>
internal sealed record RegisterResult(Account? Account, IReadOnlyList<(string Field, string Problem)> Problems, TimeSpan Delay = default);

/// <summary>
/// Makes accounts: keeps the credential, creates the user in Users, and marks the account as registered. What was cut short goes on when its owner comes back with
/// the same password; else it is deleted after an hour. Each address may register a few, and then one at a time, with a growing delay. Thread-safe.
/// </summary>
internal sealed class Register(
    Database<IdentityDbContext> database, PasswordPool pool, Backoff backoff, AuditLog audit, UsersService.UsersServiceClient users, IOptions<IdentityOptions> options, TimeProvider time)
{
    private const int MinPassword = 10;
    private const int MaxPassword = 128;
    private const int MaxEmail = 254;
    private const int MaxDisplayName = 800;
    private static readonly TimeSpan UsersTimeout = TimeSpan.FromSeconds(5);
    private static readonly (string, string) Taken = ("email", "cannot be used: there may be an account with it");

    /// <summary>Registers somebody.</summary>
    /// <exception cref="RpcException">Users cannot be reached. To try again with the same password does no harm.</exception>
    public async Task<RegisterResult> HandleAsync(string displayName, string email, string password, Origin origin, CancellationToken cancellationToken, string? userId = null)
    {
        if (Check(displayName, email, password) is { Count: > 0 } problems)
            return new(null, problems);
        var key = Backoff.RegistrationKey(origin.Address);
        if (await backoff.DelayAsync([key], cancellationToken) is var delay && delay > TimeSpan.Zero)
            return new(null, [], delay);
        using var turn = await pool.EnterAsync(origin, cancellationToken);
        if (turn is null)
            return new(null, [], options.Value.LoginTimeout);

        var account = await MakeAsync(turn, displayName, email, password, key, userId, cancellationToken);
        if (account is null)
            return new(null, [Taken]);
        return await CompleteAsync(account, origin, cancellationToken) is { } refused ? new(null, refused) : new(account, []);
    }

    /// <summary>Creates the user in Users, unless it is there, and marks the account as registered.</summary>
    /// <returns>Null when that is done; else what Users does not accept, and then the account is gone.</returns>
    /// <exception cref="RpcException">Users cannot be reached.</exception>
    public async Task<IReadOnlyList<(string Field, string Problem)>?> CompleteAsync(Account account, Origin origin, CancellationToken cancellationToken)
    {
        try
        {
            var request = new CreateUserRequest { UserId = account.UserId, DisplayName = account.DisplayName, Email = account.Email, IdempotencyKey = $"identity-{account.UserId}" };
            await users.CreateUserAsync(request, deadline: time.GetUtcNow().UtcDateTime + UsersTimeout, cancellationToken: cancellationToken);
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.AlreadyExists or StatusCode.InvalidArgument)
        {
            await database.WriteAsync(context => context.Accounts.Where(a => a.UserId == account.UserId && !a.IsRegistered).ExecuteDeleteAsync(cancellationToken), cancellationToken);
            var violations = refused.StatusCode == StatusCode.AlreadyExists ? null : refused.GetRpcStatus()?.GetDetail<Google.Rpc.BadRequest>()?.FieldViolations;
            return violations is null ? [Taken] : [.. violations.Select(violation => (violation.Field, violation.Description))];
        }

        account.IsRegistered = true;
        await database.WriteAsync(async context =>
        {
            var row = await context.Accounts.SingleAsync(a => a.UserId == account.UserId, cancellationToken);
            if (row.IsRegistered)
                return false;
            row.IsRegistered = true;
            row.Version++;
            await audit.AppendAsync(context, AuditEvents.Registered, account.UserId, null, origin, "", cancellationToken);
            return true;
        }, cancellationToken);
        return null;
    }

    /// <summary>Whether Users could not be reached: then it is to be tried again.</summary>
    public static bool IsUnreachable(RpcException exception) => exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted;

    private static List<(string, string)> Check(string displayName, string email, string password)
    {
        var problems = new List<(string, string)>();
        if (displayName.Length is 0 or > MaxDisplayName)
            problems.Add(("display_name", "is required, and has at most 200 characters"));
        if (email.Length is 0 or > MaxEmail || !email.Contains('@', StringComparison.Ordinal))
            problems.Add(("email", "must be an e-mail address"));
        if (password.Length is < MinPassword or > MaxPassword)
            problems.Add(("password", $"must have {MinPassword} to {MaxPassword} characters"));
        else if (password.Equals(email, StringComparison.OrdinalIgnoreCase) || password.Distinct().Count() < 4)
            problems.Add(("password", "is too easy to guess"));
        return problems;
    }

    // The account that the password is for: a new one, or one whose registration was cut short; null when the address is taken.
    private async Task<Account?> MakeAsync(PasswordPool.Turn turn, string displayName, string email, string password, string key, string? userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var account = new Account
        {
            UserId = userId ?? Guid.CreateVersion7(now).ToString(),
            Email = email,
            EmailKey = Account.KeyOf(email),
            DisplayName = displayName,
            // Also where the address is taken, so that both take as long.
            PasswordHash = await turn.HashAsync(password),
            CreateTime = now,
        };
        var existing = await database.WriteAsync(async context =>
        {
            await backoff.CountAsync(context, [key], cancellationToken);
            var found = await context.Accounts.AsNoTracking().SingleOrDefaultAsync(a => a.EmailKey == account.EmailKey || a.UserId == account.UserId, cancellationToken);
            if (found is null)
                context.Accounts.Add(account);
            return found;
        }, cancellationToken);
        return existing is null ? account : !existing.IsRegistered && await turn.VerifyAsync(existing, password) ? existing : null;
    }
}
