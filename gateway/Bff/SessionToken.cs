using Google.Rpc;

namespace Microservices.Gateway.Bff;

/// <summary>The access token of a session, or why there is none.</summary>
/// <param name="Token">The token; null for none.</param>
/// <param name="Error">Why there is none.</param>
/// <param name="RenewTime">From when on Identity is asked again.</param>
/// <param name="ExpireTime">Until when the token can be used.</param>
internal sealed record SessionToken(string? Token, Status? Error, DateTimeOffset RenewTime, DateTimeOffset ExpireTime);

/// <summary>
/// One session, as a gateway knows it. However many requests come with it, Identity is asked once at a time, and while the token in hand is valid nobody waits for the next one. That a session
/// has ended is kept for a while as well. Thread-safe.
/// </summary>
internal sealed class RenewedSession(TimeProvider time)
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
            if (current is { } known && now < known.RenewTime)
                return new(known);
            if (renewal is null or { IsCompleted: true })
                renewal = RenewAsync(ask);
            return current is { Token: not null } valid && now < valid.ExpireTime ? new(valid) : new(renewal.WaitAsync(cancellationToken));
        }
    }

    private async Task<SessionToken> RenewAsync(Func<Task<SessionToken>> ask)
    {
        var next = await ask();
        lock (gate)
        {
            var now = time.GetUtcNow();
            // Identity is away: what is valid stays so.
            var stays = next.Error is not null && next.Error != BffErrors.SessionEnded && current is { Token: not null } && now < current.ExpireTime;
            return current = stays ? current! with { RenewTime = now + RetryDelay } : next;
        }
    }
}
