namespace Microservices.Local.Render;

/// <summary>
/// The settings of services in containers that are about tokens and keys, but for the issuer, which differs from place to place. A service finds its own private
/// key at <see cref="KeyFile"/>, one that seals its certificate, and Identity everybody's public keys; who deploys it puts them there.
/// </summary>
internal static class KeySettings
{
    /// <summary>Where a service finds its private key.</summary>
    public const string KeyFile = "/key/key.json";

    /// <summary>Where a service that seals finds its certificate.</summary>
    public const string CertificateFile = "/certificate/tls.crt";

    /// <summary>Where it finds the certificate's private key.</summary>
    public const string PrivateKeyFile = "/certificate/tls.key";

    /// <summary>The directory in which Identity finds the public keys.</summary>
    public const string WorkloadKeys = "/workload-keys";

    /// <summary>Those of a service about what it seals by; its migration needs them as well.</summary>
    public static IEnumerable<(string Name, string Value)> Sealing(ServiceDefinition service) =>
        service.Seals ? [($"{service.Project}__CertificateFile", CertificateFile), ($"{service.Project}__PrivateKeyFile", PrivateKeyFile)] : [];

    /// <summary>Those of a service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="scheme">That of Identity's address: http, or https.</param>
    /// <param name="identityReplicas">The name that has the addresses of Identity's replicas.</param>
    public static IEnumerable<(string Name, string Value)> Of(ServiceDefinition service, string scheme, string identityReplicas)
    {
        // Of itself it asks itself: no other replica may be there yet.
        var identity = $"{scheme}://{(service == Catalog.Identity ? "localhost" : Catalog.Identity.Name)}:{Catalog.Identity.HttpPort}";
        // Its own keys it has in process.
        if (service != Catalog.Identity)
        {
            yield return ("Auth__KeysAddress", $"{identity}/.well-known/jwks");
            yield return ("Auth__RevocationsAddress", $"dns:///{identityReplicas}:{Catalog.Identity.GrpcPort}");
        }

        yield return ("Auth__TokenAddress", $"{identity}/connect/token");
        yield return ("Auth__KeyFile", KeyFile);
        if (service.ForwardsIdentity)
            yield return ("Authority__Address", identity);
        if (service == Catalog.Identity)
            yield return ("Identity__WorkloadKeys", WorkloadKeys);
        foreach (var setting in Sealing(service))
            yield return setting;
    }
}
