using System.Security.Claims;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;

namespace Microservices.Identity;

/// <summary>Lets operators call, by the access token that a call has with it. A session that has ended lets nobody in, even before its tokens expire. Thread-safe.</summary>
internal sealed class Operators(SigningKeys keys, Sessions sessions, IOptions<IdentityOptions> options, TimeProvider time)
{
    private const string Scope = "identity.write";
    private const string Scheme = "Bearer ";
    private const int MaxToken = 4_096;
    private readonly JsonWebTokenHandler tokens = new() { MaximumTokenSizeInBytes = MaxToken, MapInboundClaims = false };

    /// <summary>The operator's user id.</summary>
    /// <exception cref="StatusException">UNAUTHENTICATED or PERMISSION_DENIED.</exception>
    public async Task<string> RequireAsync(ServerCallContext context)
    {
        var header = context.RequestHeaders.GetValue("authorization") ?? "";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            throw new StatusException(IdentityErrors.Unauthenticated);
        var result = await tokens.ValidateTokenAsync(header[Scheme.Length..], new TokenValidationParameters
        {
            ValidIssuer = options.Value.IssuerUri.AbsoluteUri,
            ValidAudience = Authority.Audience,
            ValidTypes = [OpenIddictConstants.JsonWebTokenTypes.AccessToken],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKeys = keys.Current.Select(key => key.Credentials.Key),
            ClockSkew = TimeSpan.Zero,
            LifetimeValidator = (notBefore, expires, _, _) => expires > time.GetUtcNow().UtcDateTime && !(notBefore > time.GetUtcNow().UtcDateTime),
        });
        if (!result.IsValid || await sessions.FindAccountAsync(result.ClaimsIdentity.FindFirst(Authority.SessionClaim)?.Value, context.CancellationToken) is not { } account)
            throw new StatusException(IdentityErrors.Unauthenticated);
        // As the account is now: a role that was taken away is gone at once. A token that shows somebody's view (act) is no operator's.
        return account.IsOperator && !result.Claims.ContainsKey(Authority.ActorClaim) && HasScope(result.ClaimsIdentity) ? account.UserId : throw new StatusException(IdentityErrors.NotOperator);
    }

    private static bool HasScope(ClaimsIdentity token) => token.FindFirst(OpenIddictConstants.Claims.Scope)?.Value.Split(' ').Contains(Scope) == true;
}
