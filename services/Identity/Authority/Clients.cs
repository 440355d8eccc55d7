using Microservices.Hosting.Auth;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity;

/// <summary>
/// Brings the clients of the database in line with those of <c>Identity:Clients</c> and with the services of <c>Identity:WorkloadKeys</c>, before the process serves. Any number
/// of replicas may do so at once.
/// </summary>
internal sealed class Clients(IServiceProvider services, IOptions<IdentityOptions> options) : IHostedService
{
    /// <summary>What the database has at the clients that are services of the suite: their tokens have the role.</summary>
    public const string WorkloadPermission = $"role:{TokenClaims.WorkloadRole}";

    private const string OperatorPermission = $"role:{Roles.Operator}";
    private const int Attempts = 5;

    /// <summary>The role of a client that asks for itself; null for none.</summary>
    public static async Task<string?> RoleOfAsync(IOpenIddictApplicationManager applications, string clientId, CancellationToken cancellationToken)
    {
        if (await applications.FindByClientIdAsync(clientId, cancellationToken) is not { } client)
            return null;
        var permissions = await applications.GetPermissionsAsync(client, cancellationToken);
        return permissions.Contains(WorkloadPermission) ? TokenClaims.WorkloadRole : permissions.Contains(OperatorPermission) ? Roles.Operator : null;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var scope = services.CreateAsyncScope();
                await SynchronizeAsync(scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>(), cancellationToken);
                return;
            }
            catch (Exception exception) when (attempt < Attempts && exception is DbUpdateException or OpenIddictExceptions.ConcurrencyException or OpenIddictExceptions.ValidationException)
            {
                // Another replica has done the same at the same time: there is less left to do.
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task SynchronizeAsync(IOpenIddictApplicationManager applications, CancellationToken cancellationToken)
    {
        var wanted = options.Value.Clients.Select(Describe).Concat(Workloads.Of(options.Value)).ToDictionary(client => client.ClientId!);
        foreach (var existing in await applications.ListAsync(cancellationToken: cancellationToken).ToListAsync(cancellationToken))
        {
            var has = new OpenIddictApplicationDescriptor();
            await applications.PopulateAsync(has, existing, cancellationToken);
            if (!wanted.Remove(has.ClientId!, out var wants))
                await applications.DeleteAsync(existing, cancellationToken);
            else if (!AreSame(has, wants))
                await applications.UpdateAsync(existing, wants, cancellationToken);
        }

        foreach (var client in wanted.Values)
            await applications.CreateAsync(client, cancellationToken);
    }

    private static OpenIddictApplicationDescriptor Describe(ClientDefinition client)
    {
        var application = new OpenIddictApplicationDescriptor
        {
            ClientId = client.ClientId,
            DisplayName = client.DisplayName,
            ApplicationType = ApplicationTypes.Native,
            ClientType = client.KeySetFile is null ? ClientTypes.Public : ClientTypes.Confidential,
            ConsentType = client.AsksConsent ? ConsentTypes.Explicit : ConsentTypes.Implicit,
            JsonWebKeySet = client.KeySetFile is { } file ? PublicKeys.Read("Identity:Clients", $"for '{client.ClientId}' a KeySetFile", file) : null,
        };
        application.Permissions.UnionWith(client.Grants.SelectMany(PermissionsOf));
        application.Permissions.UnionWith(client.Scopes.Where(scope => scope is not (Scopes.OpenId or Scopes.OfflineAccess)).Select(scope => Permissions.Prefixes.Scope + scope));
        application.Permissions.Add(Permissions.Endpoints.Revocation);
        if (client.IsOperator)
            application.Permissions.Add(OperatorPermission);
        if (client.LogoutUris.Count > 0)
            application.Permissions.Add(Permissions.Endpoints.EndSession);
        if (client.Scopes.Contains(Scopes.OfflineAccess))
            application.Permissions.Add(Permissions.GrantTypes.RefreshToken);
        application.RedirectUris.UnionWith(client.RedirectUris.Select(uri => new Uri(uri)));
        application.PostLogoutRedirectUris.UnionWith(client.LogoutUris.Select(uri => new Uri(uri)));
        application.Requirements.Add(Requirements.Features.ProofKeyForCodeExchange);
        return application;
    }

    private static string[] PermissionsOf(Grant grant) => grant switch
    {
        Grant.AuthorizationCode => [Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code],
        Grant.DeviceCode => [Permissions.Endpoints.DeviceAuthorization, Permissions.Endpoints.Token, Permissions.GrantTypes.DeviceCode],
        Grant.ClientCredentials => [Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials],
        _ => [Permissions.Endpoints.Token, Permissions.GrantTypes.TokenExchange],
    };

    private static bool AreSame(OpenIddictApplicationDescriptor one, OpenIddictApplicationDescriptor other) =>
        one.DisplayName == other.DisplayName && one.ClientType == other.ClientType && one.ConsentType == other.ConsentType && KeysOf(one).SetEquals(KeysOf(other))
        && one.Permissions.SetEquals(other.Permissions) && one.RedirectUris.SetEquals(other.RedirectUris) && one.PostLogoutRedirectUris.SetEquals(other.PostLogoutRedirectUris);

    private static HashSet<string> KeysOf(OpenIddictApplicationDescriptor application) => [.. application.JsonWebKeySet?.Keys.Select(key => $"{key.Kid} {key.X} {key.Y} {key.N}") ?? []];
}
