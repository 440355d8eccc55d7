using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Microservices.Identity;

/// <summary>
/// A code or a refresh token that comes a second time was stolen, or the first one was: its session ends, with all of its tokens, whoever has them. OpenIddict refuses the
/// token, and revokes those that came of it.
/// </summary>
internal sealed class ReuseDetection(IOpenIddictTokenManager tokens, Sessions sessions) : IOpenIddictServerHandler<ValidateTokenContext>
{
    /// <summary>When it runs: once it is known which token it is, before OpenIddict refuses it.</summary>
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenContext>()
        .UseScopedHandler<ReuseDetection>()
        .SetOrder(OpenIddictServerHandlers.Protection.ValidateTokenEntry.Descriptor.Order - 1)
        .Build();

    /// <inheritdoc/>
    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        var type = context.Principal?.GetTokenType();
        if (context.TokenId is not { } id || type is not (TokenTypeIdentifiers.RefreshToken or TokenTypeIdentifiers.Private.AuthorizationCode or TokenTypeIdentifiers.Private.DeviceCode))
            return;
        if (context.Principal!.GetClaim(Authority.SessionClaim) is not { } sessionId
            || await tokens.FindByIdAsync(id, context.CancellationToken) is not { } token || !await tokens.HasStatusAsync(token, Statuses.Redeemed, context.CancellationToken))
            return;
        var http = context.Transaction.GetHttpRequest()!.HttpContext;
        await sessions.EndAsync(sessionId, AuditEvents.TokenReused, Origin.Of(http), context.CancellationToken);
    }
}
