using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Microservices.Local;

/// <summary>
/// A directory with what TLS needs: a certificate authority of the suite's own, and of every service a certificate with its name in it and its private key. Only their owner reads
/// private keys.
/// </summary>
internal sealed class Certificates(string directory)
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private const int SerialBytes = 16;
    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3_650);
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    // One that ends sooner is replaced.
    private static readonly TimeSpan Remaining = TimeSpan.FromDays(30);

    /// <summary>The authority's certificate (PEM).</summary>
    public string Authority { get; } = Path.Combine(directory, "ca.pem");

    /// <summary>The certificate of a service (PEM).</summary>
    public string Of(ServiceDefinition service) => Path.Combine(directory, $"{service.Name}.pem");

    /// <summary>The certificate's private key (PEM).</summary>
    public string KeyOf(ServiceDefinition service) => Path.Combine(directory, $"{service.Name}-key.pem");

    private string AuthorityKey => Path.Combine(directory, "ca-key.pem");

    /// <summary>Makes what is not there yet, and what is valid for less than 30 days or not of the authority.</summary>
    /// <exception cref="LaunchException">A file cannot be read or written.</exception>
    public void MakeMissing(IEnumerable<ServiceDefinition> services)
    {
        var file = Authority;
        try
        {
            Directory.CreateDirectory(directory);
            if (!File.Exists(Authority) || !File.Exists(AuthorityKey))
                MakeAuthority();
            using var authority = X509Certificate2.CreateFromPemFile(Authority, AuthorityKey);
            foreach (var service in services)
            {
                file = Of(service);
                if (!IsGood(service, authority))
                    Make(service, authority);
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // What the library says of it may quote the file.
            throw LaunchException.Refused($"{file} has no certificate, or not with its key beside it. Mend the file, or delete it and a new one is made");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LaunchException.Refused($"The certificates cannot be read or written: {file}: {e.Message}");
        }
    }

    private void MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Microservices CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow + AuthorityLifetime);
        Keys.Write(AuthorityKey, key.ExportPkcs8PrivateKeyPem(), isPrivate: true);
        Keys.Write(Authority, certificate.ExportCertificatePem(), isPrivate: false);
    }

    private bool IsGood(ServiceDefinition service, X509Certificate2 authority)
    {
        if (!File.Exists(Of(service)) || !File.Exists(KeyOf(service)))
            return false;
        using var certificate = X509Certificate2.CreateFromPemFile(Of(service), KeyOf(service));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        return chain.Build(certificate) && certificate.NotAfter > DateTime.Now + Remaining;
    }

    private void Make(ServiceDefinition service, X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={service.Name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        // On this machine, and in a cluster or a network of containers.
        foreach (var name in (string[])["localhost", service.Name, $"{service.Name}-grpc"])
            names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        // Who the service is: see Tls:TrustDomain.
        names.AddUri(new Uri($"spiffe://suite/{service.Name}"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerUse), new Oid(ClientUse)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow + Lifetime, RandomNumberGenerator.GetBytes(SerialBytes));
        Keys.Write(KeyOf(service), key.ExportPkcs8PrivateKeyPem(), isPrivate: true);
        Keys.Write(Of(service), certificate.ExportCertificatePem(), isPrivate: false);
    }
}
