using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Bff;

/// <summary>
/// The access tokens of browsers' sessions, by their cookies. Identity has the sessions, so that each replica of the gateway finds them; it is asked once per session and lifetime of a
/// token, and not at all about a cookie that the gateway has not made. What is kept is bounded, and so is what Identity is asked at a time, shared fairly among addresses. Thread-safe.
/// </summary>
internal sealed partial class SessionTokens(BffKey key, TokenRequests requests, IOptions<BffOptions> bff, IOptions<AuthorityOptions> authority, TimeProvider time, ILogger<SessionTokens> logger) : IDisposable
{
    // Of a token's lifetime, before it is renewed.
    private const double Used = 0.8;
    private const double MakesRoom = 0.25;
    private static readonly TimeSpan EndedDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly MemoryCache sessions = new(new MemoryCacheOptions { SizeLimit = bff.Value.MaxSessions, CompactionPercentage = MakesRoom });
    private readonly FairQuota quota = new("requests for the tokens of sessions", authority.Value.MaxRequests, logger);
    private readonly Lock gate = new();

    // LoggerMessage asks for a field.
    private readonly ILogger logger = logger;

    /// <summary>The token of a cookie's session, or why there is none.</summary>
    public ValueTask<SessionToken> GetAsync(string cookie, Caller caller, CancellationToken cancellationToken)
    {
        if (!sessions.TryGetValue(cookie, out RenewedSession? session))
        {
            if (!SessionCookie.IsOurs(key, cookie))
                return new(Ended());
            session = Add(cookie);
        }

        return session!.GetAsync(
            () => AskAsync([new("grant_type", "urn:microservices:grant-type:session"), new("session_key", SessionCookie.KeyOf(cookie))], caller), cancellationToken);
    }

    /// <summary>Redeems the code of a login, by which the session is this cookie's from now on.</summary>
    public async Task<SessionToken> BeginAsync(string cookie, string code, string verifier, string redirect, Caller caller, CancellationToken cancellationToken)
    {
        var token = await AskAsync(
            [
                new("grant_type", "authorization_code"), new("code", code), new("code_verifier", verifier), new("redirect_uri", redirect), new("session_key", SessionCookie.KeyOf(cookie)),
            ], caller).WaitAsync(cancellationToken);
        if (token.Token is not null)
            await Add(cookie).GetAsync(() => Task.FromResult(token), cancellationToken);
        return token;
    }

    /// <summary>Forgets what is known of a cookie.</summary>
    public void Forget(string cookie) => sessions.Remove(cookie);

    /// <inheritdoc/>
    public void Dispose() => sessions.Dispose();

    private RenewedSession Add(string cookie)
    {
        lock (gate)
        {
            if (!sessions.TryGetValue(cookie, out RenewedSession? session))
                sessions.Set(cookie, session = new RenewedSession(time), new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = TimeSpan.FromHours(1) });
            return session!;
        }
    }

    // For all who wait for it: it belongs to no single request.
    private async Task<SessionToken> AskAsync(KeyValuePair<string, string>[] grant, Caller caller)
    {
        using var hold = quota.Begin(caller.Address, caller.Connection, () => { });
        if (!hold.TryTake(1))
            return Failed(BffErrors.Overloaded);
        var asked = time.GetUtcNow();
        try
        {
            var answer = await requests.SendAsync(grant, caller.Address, CancellationToken.None);
            if (answer.Token is { } token)
                return new(token, null, asked + (answer.Lifetime * Used), asked + answer.Lifetime);
            if (answer.Error == "invalid_grant")
                return Ended();
            LogRefused(requests.Source, (int)answer.Status, answer.Error);
        }
        catch (Exception exception)
        {
            LogAway(requests.Source, exception.Message);
        }

        return Failed(BffErrors.IdentityUnavailable);
    }

    private SessionToken Ended() => new(null, BffErrors.SessionEnded, time.GetUtcNow() + EndedDelay, default);

    private SessionToken Failed(Google.Rpc.Status error) => new(null, error, time.GetUtcNow() + RetryDelay, default);

    [LoggerMessage(LogLevel.Warning, "{Source} gives no token for a session: it answered {Status} {Error}")]
    private partial void LogRefused(string source, int status, string? error);

    [LoggerMessage(LogLevel.Warning, "{Source}, which gives the tokens of sessions, cannot be reached: {Cause}")]
    private partial void LogAway(string source, string cause);
}
