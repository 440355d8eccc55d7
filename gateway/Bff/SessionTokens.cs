using System.Net;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Primitives;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Bff;

/// <summary>
/// The access tokens of browsers' sessions, by their cookies. Identity has the sessions, so that each replica of the gateway finds them; it is asked once per session and lifetime of a
/// token, when that is revoked, and not at all about a cookie that the gateway has not made. What is kept is bounded, and so is what Identity is asked at a time, shared fairly among addresses. Thread-safe.
/// </summary>
internal sealed partial class SessionTokens(BffKey key, TokenRequests requests, Revocations revocations, IOptions<BffOptions> bff, AuthorityQuota authority, TimeProvider time, ILogger<SessionTokens> logger) : IDisposable
{
    // Of a token's lifetime, before it is renewed.
    private const double Used = 0.8;
    private const double MakesRoom = 0.25;
    private static readonly TimeSpan EndedDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly MemoryCache sessions = new(new MemoryCacheOptions { SizeLimit = bff.Value.MaxSessions, CompactionPercentage = MakesRoom });
    private readonly Lock gate = new();
    private readonly Outage outage = new(time);

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
                sessions.Set(cookie, session = new RenewedSession(revocations, time), new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = TimeSpan.FromHours(1) });
            return session!;
        }
    }

    // For all who wait for it: it belongs to no single request.
    private async Task<SessionToken> AskAsync(KeyValuePair<string, string>[] grant, Caller caller)
    {
        using var hold = authority.Requests.Begin(caller.Address, caller.Connection, () => { });
        if (!hold.TryTake(1))
            return Failed(BffErrors.Overloaded);
        var asked = time.GetUtcNow();
        try
        {
            var answer = await requests.SendAsync(grant, caller.Address, CancellationToken.None);
            if (answer.Token is not null || answer.Error == "invalid_grant")
                LogIfBack();
            if (answer.Token is { } token)
                return SessionToken.Of(token, asked + (answer.Lifetime * Used), asked + answer.Lifetime);
            if (answer.Error == "invalid_grant")
                return Ended();
            // Whoever asks too often brings about no line.
            if (answer.Status == HttpStatusCode.TooManyRequests)
                return Failed(BffErrors.Overloaded);
            LogIfAway(answer.Problem);
        }
        catch (Exception exception)
        {
            LogIfAway(exception.Message);
        }

        return Failed(BffErrors.IdentityUnavailable);
    }

    private SessionToken Ended() => new(null, BffErrors.SessionEnded, time.GetUtcNow() + EndedDelay, default);

    private SessionToken Failed(Google.Rpc.Status error) => new(null, error, time.GetUtcNow() + RetryDelay, default);

    // One line however many sessions want a token meanwhile.
    private void LogIfAway(string cause)
    {
        if (outage.Begin())
            LogAway(requests.Source, cause);
    }

    private void LogIfBack()
    {
        if (outage.End() is { } lasted)
            LogBack(requests.Source, lasted);
    }

    [LoggerMessage(LogLevel.Warning, "{Source} gives no tokens for sessions: {Cause}. Those that sessions have are used until they expire")]
    private partial void LogAway(string source, string cause);

    [LoggerMessage(LogLevel.Information, "{Source} gives tokens for sessions again, after {Lasted}")]
    private partial void LogBack(string source, TimeSpan lasted);
}
