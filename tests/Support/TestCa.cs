using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Microservices.Tests.Support;

/// <summary>A certificate authority of the tests. Thread-safe.</summary>
public sealed class TestCa : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private readonly X509Certificate2 authority;

    /// <summary>Makes it.</summary>
    public TestCa()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=Test CA {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddYears(1));
    }

    /// <summary>What certificates have as their issuer.</summary>
    public string Name => authority.Subject;

    /// <summary>Its certificate (PEM).</summary>
    public string Pem => authority.ExportCertificatePem() + "\n";

    /// <summary>A certificate and its private key (PEM): of this machine, and of a service by its name.</summary>
    /// <param name="name">The service.</param>
    /// <param name="validFor">For how long from now it is valid; before now, and it has expired.</param>
    /// <param name="host">For which host it is.</param>
    /// <param name="uri">Its URI; that of the service unless given.</param>
    public (string Certificate, string Key) Issue(string name, TimeSpan? validFor = null, string host = "localhost", string? uri = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        if (host == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        names.AddUri(new Uri(uri ?? $"spiffe://suite/{name}"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerUse), new Oid(ClientUse)], false));
        var until = DateTimeOffset.UtcNow + (validFor ?? TimeSpan.FromDays(1));
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddDays(-2), until, RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>The options of a client that believes it.</summary>
    public SslClientAuthenticationOptions Trust()
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPem(Pem);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = trust };
    }

    /// <inheritdoc/>
    public void Dispose() => authority.Dispose();
}
