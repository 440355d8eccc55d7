using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Microservices.Identity;

/// <summary>A client that revokes its refresh token (RFC 7009) is done with the session: that ends, and its access tokens with it. OpenIddict revokes the refresh token itself.</summary>
internal sealed class RevokedTokens(Sessions sessions) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    /// <summary>When it runs: before OpenIddict revokes the token.</summary>
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleRevocationRequestContext>()
        .UseSingletonHandler<RevokedTokens>()
        .SetOrder(OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order - 1)
        .Build();

    /// <inheritdoc/>
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        var http = context.Transaction.GetHttpRequest()!.HttpContext;
        if (context.GenericTokenPrincipal is { } token && token.GetTokenType() == TokenTypeIdentifiers.RefreshToken && token.GetClaim(Authority.SessionClaim) is { } sessionId)
            await sessions.EndAsync(sessionId, AuditEvents.TokenRevoked, Origin.Of(http), context.CancellationToken);
    }
}
