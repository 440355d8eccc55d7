using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>
/// Revokes access tokens in the transaction of what makes them so. An account has <see cref="MaxSessions"/> revoked sessions at the most, and one revocation of all that was issued before: when
/// there would be one more, that takes its place, and the account's other sessions need newer tokens. So whoever logs in and out all the time makes nobody's list longer than that. Thread-safe.
/// </summary>
internal sealed class Revocations(Database<IdentityDbContext> database, IOptions<IdentityOptions> options, TimeProvider time)
{
    /// <summary>How many sessions of an account are revoked one by one.</summary>
    public const int MaxSessions = 16;

    // What the clocks of those who check tokens may differ by, with some to spare.
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(30);

    /// <summary>Revokes the tokens of a session, which gets no others.</summary>
    /// <param name="context">The transaction's.</param>
    /// <param name="session">The session.</param>
    /// <param name="sequence">The number of the audit log's record of its end.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task RevokeAsync(IdentityDbContext context, Session session, long sequence, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var isFull = await context.Revocations.CountAsync(r => r.UserId == session.UserId && r.SessionId != Revocation.AllSessions && r.ExpireTime > now, cancellationToken) >= MaxSessions;
        await RevokeAsync(context, session.UserId, isFull ? Revocation.AllSessions : session.SessionId, sequence, cancellationToken);
    }

    /// <summary>Revokes all tokens that a user has.</summary>
    /// <param name="context">The transaction's.</param>
    /// <param name="userId">The user.</param>
    /// <param name="sequence">The number of the audit log's record of why.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public Task RevokeAllAsync(IdentityDbContext context, string userId, long sequence, CancellationToken cancellationToken) =>
        RevokeAsync(context, userId, Revocation.AllSessions, sequence, cancellationToken);

    /// <summary>
    /// Returns when a token of this user may be issued that is not among those that were revoked, a second later at most: tokens have their time in whole seconds. What the token says is
    /// to be read after that.
    /// </summary>
    public async Task WaitAsync(string? userId, CancellationToken cancellationToken)
    {
        var all = await database.ReadAsync(context => context.Revocations.SingleOrDefaultAsync(r => r.UserId == userId && r.SessionId == Revocation.AllSessions, cancellationToken), cancellationToken);
        if (all?.NotBefore - time.GetUtcNow() is { } left && left > TimeSpan.Zero)
            await Task.Delay(left, time, cancellationToken);
    }

    private async Task RevokeAsync(IdentityDbContext context, string userId, string sessionId, long sequence, CancellationToken cancellationToken)
    {
        var second = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds() + 1);
        var revocation = await context.Revocations.SingleOrDefaultAsync(r => r.UserId == userId && r.SessionId == sessionId, cancellationToken);
        if (revocation is null)
            context.Revocations.Add(revocation = new Revocation { UserId = userId, SessionId = sessionId });
        (revocation.Sequence, revocation.NotBefore, revocation.ExpireTime) = (sequence, second, second + options.Value.AccessTokenLifetime + Spare);
    }
}
