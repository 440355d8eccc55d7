using System.Security.Claims;
using Microservices.Hosting.Auth;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity;

/// <summary>The token endpoint: what OpenIddict has checked becomes tokens, or is refused.</summary>
internal static class TokenEndpoint
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    /// <summary>Maps it.</summary>
    public static void MapTokenEndpoint(this IEndpointRouteBuilder routes) => routes.MapPost("/connect/token", HandleAsync).OpenToAll();

    private static async Task<IResult> HandleAsync(HttpContext http, Grants grants, CancellationToken cancellationToken)
    {
        var request = http.GetOpenIddictServerRequest()!;
        var principal = request switch
        {
            _ when request.IsClientCredentialsGrantType() => await grants.OfClientAsync(request, cancellationToken),
            _ when request.IsTokenExchangeGrantType() => await grants.ExchangeAsync(request, await GrantedAsync(http), Origin.Of(http), cancellationToken),
            { GrantType: Grants.SessionGrant } => await grants.OfSessionAsync(request, cancellationToken),
            _ => await grants.RenewAsync(request, await GrantedAsync(http), cancellationToken),
        };
        return principal is null ? Refuse(Errors.InvalidGrant, "The session has ended, or the token does not allow that.") : Results.SignIn(principal, authenticationScheme: Scheme);
    }

    /// <summary>Refuses what OpenIddict has handed on.</summary>
    public static IResult Refuse(string error, string description) => Results.Forbid(Properties(error, description), [Scheme]);

    /// <summary>How OpenIddict is told of an error.</summary>
    public static AuthenticationProperties Properties(string error, string description) => new(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
    });

    // What the code, the refresh token, the device code or the subject token says.
    private static async Task<ClaimsPrincipal> GrantedAsync(HttpContext http) => (await http.AuthenticateAsync(Scheme)).Principal!;
}
