using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Microservices.Identity;

/// <summary>
/// A service may exchange a token that it was called with: such a token is for all services of the suite, by its audience, and names none of them. OpenIddict would only take
/// it from the client that it was issued to.
/// </summary>
internal sealed class ExchangedTokens : IOpenIddictServerHandler<ValidateTokenContext>
{
    /// <summary>When it runs: before OpenIddict asks who presents the token.</summary>
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenContext>()
        .UseSingletonHandler<ExchangedTokens>()
        .SetOrder(OpenIddictServerHandlers.Protection.ValidatePresenters.Descriptor.Order - 1)
        .Build();

    /// <inheritdoc/>
    public ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.Request?.IsTokenExchangeGrantType() == true && context.Request.ClientId is { } clientId
            && context.Principal is { } principal && principal.GetTokenType() == TokenTypeIdentifiers.AccessToken && principal.HasAudience(Authority.Audience))
            principal.SetPresenters(principal.GetPresenters().Add(clientId));
        return ValueTask.CompletedTask;
    }
}
