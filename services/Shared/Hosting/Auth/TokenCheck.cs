using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>What came of checking a token: who sent it, or why it is refused.</summary>
internal readonly record struct TokenOutcome(Principal? Principal, Status? Error)
{
    public static implicit operator TokenOutcome(Principal principal) => new(principal, null);

    public static implicit operator TokenOutcome(Status error) => new(null, error);
}

/// <summary>
/// Checks access tokens as RFC 9068 has them: of type <c>at+jwt</c>, signed by ES256 with a key of the authority, from it, for this audience, and not
/// expired, with 5 s for clocks that differ. Nothing in a token says how it is to be checked, but which of the authority's keys to take. A token
/// that was checked is not checked again until it expires (<see cref="TokenCache"/>). Thread-safe.
/// </summary>
internal sealed class TokenCheck(KeySet keys, TokenCache known, IOptions<AuthOptions> options, TimeProvider time)
{
    /// <summary>The longest token that is looked at, in characters; those of the suite's authority have 900 at most.</summary>
    public const int MaxLength = 8 * 1024;

    /// <summary>How much clocks may differ.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);
    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxLength };

    /// <summary>Whether the token of this caller, which was valid, has expired.</summary>
    public bool HasExpired(Principal caller) => time.GetUtcNow() >= caller.Expires;

    /// <summary>Whether this token was checked and is valid still: to check it costs next to nothing.</summary>
    public bool IsKnown(ReadOnlySpan<char> token) => token.Length is > 0 and <= MaxLength && known.Find(token) is not null;

    /// <summary>Who sends this token.</summary>
    public ValueTask<TokenOutcome> CheckAsync(ReadOnlySpan<char> token, CancellationToken cancellationToken) =>
        token.Length is 0 or > MaxLength ? new(AuthErrors.TokenInvalid)
        : known.Find(token) is { } principal ? new(principal)
        : CheckNewAsync(token.ToString(), cancellationToken);

    private async ValueTask<TokenOutcome> CheckNewAsync(string token, CancellationToken cancellationToken)
    {
        if (Read(token) is not { } jwt)
            return AuthErrors.TokenInvalid;
        if (await keys.FindAsync(jwt.Kid, cancellationToken) is not { } key)
            return keys.IsKnown ? AuthErrors.TokenInvalid : AuthErrors.KeysUnavailable;
        var result = await handler.ValidateTokenAsync(jwt, Rules(key));
        if (!result.IsValid)
            return result.Exception is SecurityTokenExpiredException ? AuthErrors.TokenExpired : AuthErrors.TokenInvalid;
        if (PrincipalOf(jwt) is not { } principal)
            return AuthErrors.TokenInvalid;
        known.Add(token, principal);
        return principal;
    }

    // Before anything is looked up or computed for it.
    private static JsonWebToken? Read(string token)
    {
        try
        {
            var jwt = new JsonWebToken(token);
            // An extension that must be understood is one that is not.
            return jwt is { Alg: SecurityAlgorithms.EcdsaSha256, Kid.Length: > 0, IsEncrypted: false } && !jwt.TryGetHeaderValue<object>("crit", out _) ? jwt : null;
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException or FormatException)
        {
            return null;
        }
    }

    private TokenValidationParameters Rules(SecurityKey key) => new()
    {
        ValidTypes = ["at+jwt", "application/at+jwt"],
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        IssuerSigningKey = key,
        ValidIssuer = options.Value.Authority,
        ValidAudience = options.Value.Audience,
        LifetimeValidator = IsInTime,
    };

    // By the process's clock, which the library does not know of.
    private bool IsInTime(DateTime? from, DateTime? until, SecurityToken token, TokenValidationParameters rules)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (until is not { } expires)
            return false;
        if (now >= expires + ClockSkew)
            throw new SecurityTokenExpiredException();
        return from is not { } begins || now >= begins - ClockSkew;
    }

    private static Principal? PrincipalOf(JsonWebToken jwt)
    {
        if (jwt.Subject is not { Length: > 0 } subject)
            return null;
        var roles = jwt.Claims.Where(claim => claim.Type == TokenClaims.Roles).Select(claim => claim.Value).ToFrozenSet(StringComparer.Ordinal);
        // Only the client itself has its name both as its client and as its subject, and only the authority gives the role.
        var isWorkload = roles.Contains(TokenClaims.WorkloadRole) && jwt.TryGetPayloadValue(TokenClaims.ClientId, out string client) && client == subject;
        // Who acts for a user is that user, whatever else one of the two is.
        var isActedFor = jwt.TryGetPayloadValue(TokenClaims.Actor, out JsonElement actor);
        return new Principal
        {
            Subject = subject,
            IsWorkload = isWorkload && !isActedFor,
            Roles = isWorkload ? [] : roles.Where(role => isActedFor ? role == Roles.User : Roles.All.Contains(role)).ToFrozenSet(StringComparer.Ordinal),
            Scopes = jwt.Claims.Where(claim => claim.Type == TokenClaims.Scope).SelectMany(claim => claim.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToFrozenSet(StringComparer.Ordinal),
            IssuedAt = new DateTimeOffset(jwt.IssuedAt, TimeSpan.Zero),
            Actor = actor.ValueKind == JsonValueKind.Object && actor.TryGetProperty("sub", out var name) ? name.GetString() : null,
            Expires = new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero) + ClockSkew,
            SessionId = jwt.TryGetPayloadValue(TokenClaims.SessionId, out string session) ? session : null,
        };
    }
}
