using Microservices.Auth.V1;
using Microservices.Primitives;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Microservices.Identity;

/// <summary>The services of the suite, as clients that get tokens in their own name: those whose public keys are in <see cref="IdentityOptions.WorkloadKeys"/>.</summary>
internal static class Workloads
{
    /// <summary>The one that browsers come in at, at the issuer's address: it logs people in, and keeps their sessions.</summary>
    private const string Gateway = "gateway";

    private const string Setting = "Identity:WorkloadKeys";

    /// <summary>All of them.</summary>
    /// <exception cref="InvalidSettingException">The directory, or a file of it, is not what it should be.</exception>
    public static IEnumerable<OpenIddictApplicationDescriptor> Of(IdentityOptions options)
    {
        if (options.WorkloadKeys is not { } directory)
            return [];
        if (!Directory.Exists(directory))
            throw new InvalidSettingException(Setting, $"must be a directory with the public keys of services, a file NAME.json each, but '{directory}' is none");
        var names = Directory.EnumerateFiles(directory, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal).ToList();
        return names.Find(name => options.Clients.Any(client => client.ClientId == name)) is { } twice
            ? throw new InvalidSettingException(Setting, $"must not have '{twice}', which is a client of Identity:Clients as well")
            : names.Select(name => Describe(name, Path.Combine(directory, $"{name}.json"), options));
    }

    private static OpenIddictApplicationDescriptor Describe(string name, string file, IdentityOptions options)
    {
        var workload = new OpenIddictApplicationDescriptor
        {
            ClientId = name,
            DisplayName = name,
            ApplicationType = ApplicationTypes.Native,
            ClientType = ClientTypes.Confidential,
            // The suite itself: nobody is asked.
            ConsentType = ConsentTypes.Implicit,
            JsonWebKeySet = PublicKeys.Read(Setting, $"for '{name}' a file", file),
            Permissions = { Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials, Clients.WorkloadPermission },
            Requirements = { Requirements.Features.ProofKeyForCodeExchange },
        };
        if (name != Gateway)
            return workload;
        workload.Permissions.UnionWith([Permissions.Endpoints.Authorization, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code, Grants.SessionPermission]);
        workload.Permissions.UnionWith(ContractScopes.All.Select(scope => Permissions.Prefixes.Scope + scope));
        workload.RedirectUris.Add(new Uri(options.IssuerUri, "/bff/callback"));
        return workload;
    }
}
