using Google.Rpc;
using Microservices.Hosting.Auth;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Microservices.Gateway.Bff;

/// <summary>The access token of a session, or why there is none.</summary>
/// <param name="Token">The token; null for none.</param>
/// <param name="Error">Why there is none.</param>
/// <param name="RenewTime">From when on Identity is asked again.</param>
/// <param name="ExpireTime">Until when the token can be used.</param>
internal sealed record SessionToken(string? Token, Status? Error, DateTimeOffset RenewTime, DateTimeOffset ExpireTime)
{
    private string userId = "";
    private string? sessionId;
    private DateTimeOffset issuedAt;

    /// <summary>One that Identity has issued just now, for which nobody has to vouch.</summary>
    public static SessionToken Of(string token, DateTimeOffset renewTime, DateTimeOffset expireTime)
    {
        var jwt = new JsonWebToken(token);
        return new(token, null, renewTime, expireTime)
        {
            userId = jwt.Subject,
            sessionId = jwt.TryGetPayloadValue("sid", out string session) ? session : null,
            issuedAt = new DateTimeOffset(jwt.IssuedAt, TimeSpan.Zero),
        };
    }

    /// <summary>Whether the token can be used.</summary>
    public bool IsValid(Revocations revocations, DateTimeOffset now) => Token is not null && now < ExpireTime && !revocations.Include(userId, sessionId, issuedAt);
}

/// <summary>
/// One session, as a gateway knows it. However many requests come with it, Identity is asked once at a time, and while the token in hand is valid nobody waits for the next one. One that is revoked is not:
/// Identity then says whether the session has ended, or gives a newer token. That a session has ended is kept for a while as well. Thread-safe.
/// </summary>
internal sealed class RenewedSession(Revocations revocations, TimeProvider time)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private SessionToken? current;
    private Task<SessionToken>? renewal;

    /// <summary>The token. Asks for one where there is none, or where the one in hand is about to expire.</summary>
    /// <param name="ask">Asks Identity. Not cancelled by any one of those who wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public ValueTask<SessionToken> GetAsync(Func<Task<SessionToken>> ask, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            var isValid = current?.IsValid(revocations, now) == true;
            if (current is { } known && now < known.RenewTime && (isValid || known.Token is null))
                return new(known);
            if (renewal is null or { IsCompleted: true })
                renewal = RenewAsync(ask);
            return isValid ? new(current!) : new(renewal.WaitAsync(cancellationToken));
        }
    }

    private async Task<SessionToken> RenewAsync(Func<Task<SessionToken>> ask)
    {
        var next = await ask();
        lock (gate)
        {
            var now = time.GetUtcNow();
            // Identity is away: what is valid stays so.
            var stays = next.Error is not null && next.Error != BffErrors.SessionEnded && current?.IsValid(revocations, now) == true;
            return current = stays ? current! with { RenewTime = now + RetryDelay } : next;
        }
    }
}
