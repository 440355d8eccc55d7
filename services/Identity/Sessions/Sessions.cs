using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>Begins sessions and ends them, each with its record in the audit log, and an end with a revocation of the tokens. Thread-safe.</summary>
internal sealed class Sessions(Database<IdentityDbContext> database, AuditLog audit, Revocations revocations, IOptions<IdentityOptions> options, TimeProvider time)
{
    /// <summary>How many sessions a user may have at a time; the oldest ends when there would be one more.</summary>
    private const int MaxForUser = 100;

    /// <summary>Begins one.</summary>
    public Task<Session> BeginAsync(Account account, string? clientId, Origin origin, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var open = await context.Sessions.Where(s => s.UserId == account.UserId && s.EndTime == null && s.ExpireTime > now).OrderBy(s => s.CreateTime).ToListAsync(cancellationToken);
        foreach (var oldest in open.Take(open.Count - MaxForUser + 1))
        {
            oldest.EndTime = now;
            await revocations.RevokeAsync(context, oldest, await audit.AppendAsync(context, AuditEvents.SessionReplaced, account.UserId, oldest.ClientId, origin, oldest.SessionId, cancellationToken), cancellationToken);
        }

        var session = new Session
        {
            SessionId = Session.NewId(),
            UserId = account.UserId,
            ClientId = clientId,
            Address = origin.Address,
            UserAgent = origin.UserAgent,
            CreateTime = now,
            ExpireTime = now + options.Value.SessionLifetime,
        };
        context.Sessions.Add(session);
        await audit.AppendAsync(context, AuditEvents.SessionBegun, account.UserId, clientId, origin, session.SessionId, cancellationToken);
        return session;
    }, cancellationToken);

    /// <summary>The account of a session; null when that has ended.</summary>
    public async Task<Account?> FindAccountAsync(string? sessionId, CancellationToken cancellationToken)
    {
        if (sessionId is null)
            return null;
        var now = time.GetUtcNow();
        return await database.ReadAsync(context =>
            (from session in context.Sessions
             join account in context.Accounts on session.UserId equals account.UserId
             where session.SessionId == sessionId && session.EndTime == null && session.ExpireTime > now && account.IsRegistered
             select account).SingleOrDefaultAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Lets the gateway come back to a session by a key (<see cref="Session.Key"/>), in place of the one that it had.</summary>
    /// <returns>Whether the session has not ended.</returns>
    public Task<bool> KeepAsync(string sessionId, string key, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        var now = time.GetUtcNow().ToMicroseconds();
        if (await context.Sessions.SingleOrDefaultAsync(s => s.SessionId == sessionId && s.EndTime == null && s.ExpireTime > now, cancellationToken) is not { } session)
            return false;
        (session.Key, session.ExpireTime) = (key, ExpireTime(session.CreateTime, now));
        return true;
    }, cancellationToken);

    /// <summary>The account of the session that has this key, and its id; null when it has ended. It is used by that, and ends later.</summary>
    public async Task<(Account Account, string SessionId)?> UseAsync(string key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var found = await database.ReadAsync(context =>
            (from session in context.Sessions
             join account in context.Accounts on session.UserId equals account.UserId
             where session.Key == key && session.EndTime == null && session.ExpireTime > now && account.IsRegistered
             select new { Account = account, session.SessionId, session.CreateTime }).SingleOrDefaultAsync(cancellationToken), cancellationToken);
        if (found is null)
            return null;
        var expireTime = ExpireTime(found.CreateTime, now);
        var isOpen = await database.WriteAsync(context => context.Sessions.Where(s => s.SessionId == found.SessionId && s.Key == key && s.EndTime == null)
            .ExecuteUpdateAsync(session => session.SetProperty(s => s.ExpireTime, expireTime), cancellationToken), cancellationToken);
        return isOpen > 0 ? (found.Account, found.SessionId) : null;
    }

    /// <summary>Those of a user that have not ended, the newest first.</summary>
    public Task<List<Session>> ListAsync(string userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.ReadAsync(context => context.Sessions.Where(s => s.UserId == userId && s.EndTime == null && s.ExpireTime > now)
            .OrderByDescending(s => s.CreateTime).ToListAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Ends one. Does nothing when it has ended.</summary>
    /// <param name="sessionId">Which.</param>
    /// <param name="why">The event of the audit log.</param>
    /// <param name="origin">Where from.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <param name="userId">Whose it must be; null for anybody's.</param>
    /// <returns>Whether there was one that has ended now.</returns>
    public Task<bool> EndAsync(string sessionId, string why, Origin origin, CancellationToken cancellationToken, string? userId = null) => database.WriteAsync(async context =>
    {
        if (await context.Sessions.SingleOrDefaultAsync(s => s.SessionId == sessionId && s.EndTime == null && (userId == null || s.UserId == userId), cancellationToken) is not { } session)
            return false;
        session.EndTime = time.GetUtcNow().ToMicroseconds();
        await revocations.RevokeAsync(context, session, await audit.AppendAsync(context, why, session.UserId, session.ClientId, origin, sessionId, cancellationToken), cancellationToken);
        return true;
    }, cancellationToken);

    /// <summary>Ends all of a user.</summary>
    /// <returns>How many; null when there is no such account.</returns>
    public Task<int?> EndAllAsync(string userId, string actor, Origin origin, CancellationToken cancellationToken) => database.WriteAsync<int?>(async context =>
    {
        if (!await context.Accounts.AnyAsync(a => a.UserId == userId, cancellationToken))
            return null;
        var open = await context.Sessions.Where(s => s.UserId == userId && s.EndTime == null).ToListAsync(cancellationToken);
        foreach (var session in open)
            session.EndTime = time.GetUtcNow().ToMicroseconds();
        await revocations.RevokeAllAsync(context, userId, await audit.AppendAsync(context, AuditEvents.SessionsEnded, userId, actor, origin, $"{open.Count}", cancellationToken), cancellationToken);
        return open.Count;
    }, cancellationToken);

    // Not after its longest lifetime, however much it is used.
    private DateTimeOffset ExpireTime(DateTimeOffset createTime, DateTimeOffset now)
    {
        var (unused, longest) = (now + options.Value.SessionIdleTimeout, createTime + options.Value.SessionLifetime);
        return unused < longest ? unused : longest;
    }
}
