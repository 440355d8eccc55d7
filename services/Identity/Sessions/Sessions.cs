using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>Begins sessions and ends them, each with its record in the audit log. Thread-safe.</summary>
internal sealed class Sessions(Database<IdentityDbContext> database, AuditLog audit, IOptions<IdentityOptions> options, TimeProvider time)
{
    /// <summary>How many sessions a user may have at a time; the oldest ends when there would be one more.</summary>
    private const int MaxForUser = 100;

    /// <summary>Begins one.</summary>
    public Task<Session> BeginAsync(Account account, string? clientId, Origin origin, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        var now = time.GetUtcNow().ToMicroseconds();
        var open = await context.Sessions.Where(s => s.UserId == account.UserId && s.EndTime == null && s.ExpireTime > now).OrderBy(s => s.CreateTime).ToListAsync(cancellationToken);
        foreach (var oldest in open.Take(open.Count - MaxForUser + 1))
            oldest.EndTime = now;
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

    /// <summary>Ends one. Does nothing when it has ended.</summary>
    /// <param name="sessionId">Which.</param>
    /// <param name="why">The event of the audit log.</param>
    /// <param name="origin">Where from.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public Task EndAsync(string sessionId, string why, Origin origin, CancellationToken cancellationToken) => database.WriteAsync(async context =>
    {
        if (await context.Sessions.SingleOrDefaultAsync(s => s.SessionId == sessionId && s.EndTime == null, cancellationToken) is not { } session)
            return 0;
        session.EndTime = time.GetUtcNow().ToMicroseconds();
        await audit.AppendAsync(context, why, session.UserId, session.ClientId, origin, sessionId, cancellationToken);
        return 1;
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
        await audit.AppendAsync(context, AuditEvents.SessionsEnded, userId, actor, origin, $"{open.Count}", cancellationToken);
        return open.Count;
    }, cancellationToken);
}
