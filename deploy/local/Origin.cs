using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Microservices.Local;

/// <summary>Where people and browsers come in, of the suite that was started last with a data directory: with TLS or without.</summary>
internal sealed record Origin(string Address, string? Authority)
{
    private const string FileName = "origin";

    /// <summary>That of the suite that has a data directory.</summary>
    public static Origin Of(string data)
    {
        var file = Path.Combine(data, FileName);
        var address = File.Exists(file) ? File.ReadAllText(file).Trim() : Catalog.Origin;
        return new(address, address.StartsWith("https:", StringComparison.Ordinal) ? Plan.CertificatesOf(data).Authority : null);
    }

    /// <summary>Leaves word of it in the data directory.</summary>
    public static void Write(string data, string address) => File.WriteAllText(Path.Combine(data, FileName), address + "\n");

    /// <summary>Connections to it, which believe the suite's own certificate authority; they follow no redirect.</summary>
    public SocketsHttpHandler Connect()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        if (Authority is null)
            return handler;
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(Authority);
        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust };
        return handler;
    }
}
