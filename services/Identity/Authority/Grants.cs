using System.Security.Claims;
using System.Text.Json;
using Microservices.Auth.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity;

/// <summary>Says what a token says, for each grant. A principal without an error is signed in, and OpenIddict makes the tokens of it.</summary>
internal sealed class Grants(Database<IdentityDbContext> database, Sessions sessions, Revocations revocations, AuditLog audit, IOpenIddictApplicationManager applications)
{
    /// <summary>A parameter of a token exchange: the user whose view an operator asks for.</summary>
    public const string RequestedSubject = "requested_subject";

    /// <summary>The grant by which the gateway gets the access token of a browser's session: with <see cref="SessionKey"/>, and proof of its own key.</summary>
    public const string SessionGrant = "urn:microservices:grant-type:session";

    /// <summary>What a client has in the database that may keep sessions.</summary>
    public const string SessionPermission = Permissions.Prefixes.GrantType + SessionGrant;

    /// <summary>A parameter: what the gateway finds a session by. It gives it with the code, and then asks for tokens by it.</summary>
    public const string SessionKey = "session_key";

    // What an operator who looks at what a user sees may do.
    private static readonly string[] ViewScopes = [.. Authority.Scopes.Where(scope => scope.EndsWith(".read", StringComparison.Ordinal))];

    /// <summary>What a user's tokens say.</summary>
    public static ClaimsPrincipal Of(Account account, string sessionId, IEnumerable<string> scopes, DateTimeOffset? loginTime = null, string? actor = null)
    {
        var identity = new ClaimsIdentity("OpenIddict", Claims.Name, Authority.RolesClaim)
            .SetClaim(Claims.Subject, account.UserId)
            .SetClaim(Authority.SessionClaim, sessionId);
        SetRoles(identity, actor is null ? account.Roles : [Account.UserRole]);
        if (loginTime is { } time)
            identity.SetClaim(Claims.AuthenticationTime, time.ToUnixTimeSeconds());
        if (actor is not null)
            identity.SetClaim(Authority.ActorClaim, JsonSerializer.SerializeToElement(new Dictionary<string, string> { [Claims.Subject] = actor }));
        return Finish(identity, scopes);
    }

    /// <summary>What the tokens of a client say that asks for itself: of a service of the suite that it is one, and of a client whose definition says so that it is an operator.</summary>
    public async Task<ClaimsPrincipal> OfClientAsync(OpenIddictRequest request, CancellationToken cancellationToken)
    {
        var identity = new ClaimsIdentity("OpenIddict", Claims.Name, Authority.RolesClaim).SetClaim(Claims.Subject, request.ClientId);
        if (await Clients.RoleOfAsync(applications, request.ClientId!, cancellationToken) is { } role)
            SetRoles(identity, [role]);
        return Finish(identity, request.GetScopes().Remove(Scopes.OfflineAccess));
    }

    /// <summary>For a code, a refresh token or a device code: as the account is now. With a code comes the session's key, if the client keeps it. Null when the session has ended.</summary>
    public async Task<ClaimsPrincipal?> RenewAsync(OpenIddictRequest request, ClaimsPrincipal granted, CancellationToken cancellationToken)
    {
        await revocations.WaitAsync(granted.GetClaim(Claims.Subject), cancellationToken);
        if (granted.GetClaim(Authority.SessionClaim) is not { } sessionId || await sessions.FindAccountAsync(sessionId, cancellationToken) is not { } account)
            return null;
        if ((string?)request[SessionKey] is { } key && !(request.IsAuthorizationCodeGrantType() && key.Length == Session.KeyLength
            && await MayKeepSessionsAsync(request, cancellationToken) && await sessions.KeepAsync(sessionId, key, cancellationToken)))
            return null;
        var identity = (ClaimsIdentity)granted.Identity!;
        SetRoles(identity, account.Roles);
        identity.SetDestinations(DestinationsOf);
        return granted;
    }

    /// <summary>For the key of a session: everything that its user may do now. Null when it has ended.</summary>
    public async Task<ClaimsPrincipal?> OfSessionAsync(OpenIddictRequest request, CancellationToken cancellationToken)
    {
        if ((string?)request[SessionKey] is not { } key || await sessions.UseAsync(key, cancellationToken) is not var (found, sessionId))
            return null;
        // A token of the second of a revocation would count as revoked; what it says is read after that.
        await revocations.WaitAsync(found.UserId, cancellationToken);
        return await sessions.FindAccountAsync(sessionId, cancellationToken) is { } account ? Of(account, sessionId, ContractScopes.All) : null;
    }

    /// <summary>
    /// For another token: the same user's, when a client has to go on after the request is over; or, with <see cref="RequestedSubject"/>, that of a user whose view an operator
    /// asks for, which only reads. Either says who acts. Null when that may not be.
    /// </summary>
    public async Task<ClaimsPrincipal?> ExchangeAsync(OpenIddictRequest request, ClaimsPrincipal subject, Origin origin, CancellationToken cancellationToken)
    {
        var sessionId = subject.GetClaim(Authority.SessionClaim);
        var userId = (string?)request[RequestedSubject];
        await revocations.WaitAsync(subject.GetClaim(Claims.Subject), cancellationToken);
        if (userId is not null)
            await revocations.WaitAsync(userId, cancellationToken);
        // A chain of those who act for one another has one link here.
        if (subject.HasClaim(Authority.ActorClaim) || await sessions.FindAccountAsync(sessionId, cancellationToken) is not { } caller)
            return null;
        // No more than the token has that was given.
        var scopes = request.GetScopes() is { Length: > 0 } asked ? asked.Intersect(subject.GetScopes()) : subject.GetScopes();
        if (userId is null)
            return Of(caller, sessionId!, scopes, actor: request.ClientId);

        var user = caller.IsOperator
            ? await database.ReadAsync(context => context.Accounts.SingleOrDefaultAsync(a => a.UserId == userId && a.IsRegistered, cancellationToken), cancellationToken)
            : null;
        await audit.AppendAsync(user is null ? AuditEvents.Refused : AuditEvents.Impersonated, user?.UserId, caller.UserId, origin, "view-as", cancellationToken);
        return user is null ? null : Of(user, sessionId!, scopes.Intersect(ViewScopes), actor: caller.UserId);
    }

    private async Task<bool> MayKeepSessionsAsync(OpenIddictRequest request, CancellationToken cancellationToken) =>
        await applications.FindByClientIdAsync(request.ClientId!, cancellationToken) is { } client && await applications.HasPermissionAsync(client, SessionPermission, cancellationToken);

    // An array also where it is one.
    private static void SetRoles(ClaimsIdentity identity, string[] roles)
    {
        identity.RemoveClaims(Authority.RolesClaim);
        identity.AddClaim(new Claim(Authority.RolesClaim, JsonSerializer.Serialize(roles), JsonClaimValueTypes.JsonArray));
    }

    private static ClaimsPrincipal Finish(ClaimsIdentity identity, IEnumerable<string> scopes) =>
        new(identity.SetScopes(scopes).SetResources(Authority.Audience).SetDestinations(DestinationsOf));

    private static IEnumerable<string> DestinationsOf(Claim claim) => claim.Type switch
    {
        Authority.RolesClaim or Authority.ActorClaim => [Destinations.AccessToken],
        Authority.SessionClaim => [Destinations.AccessToken, Destinations.IdentityToken],
        Claims.AuthenticationTime => [Destinations.IdentityToken],
        _ => [],
    };
}
