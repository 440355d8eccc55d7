using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Microservices.Hosting.Tls;

/// <summary>Whether a certificate is of one of the suite's certificate authorities, and valid now.</summary>
internal static class ChainCheck
{
    private static readonly Oid Server = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid Client = new("1.3.6.1.5.5.7.3.2");

    /// <summary>
    /// What the platform checks before it asks: nothing but the dates, against no authority at all, so that whatever a stranger's certificate says nothing is fetched from anywhere.
    /// </summary>
    public static X509ChainPolicy Unasked => new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };

    /// <summary>Whether it is one of a server.</summary>
    public static bool IsServer(X509Certificate? certificate, X509Chain? sent, X509Certificate2Collection authorities) => Holds(certificate, sent, authorities, Server);

    /// <summary>Whether it is one of a client.</summary>
    public static bool IsClient(X509Certificate? certificate, X509Chain? sent, X509Certificate2Collection authorities) => Holds(certificate, sent, authorities, Client);

    private static bool Holds(X509Certificate? certificate, X509Chain? sent, X509Certificate2Collection authorities, Oid use)
    {
        if (certificate is not X509Certificate2 leaf)
            return false;
        using var chain = new X509Chain { ChainPolicy = Unasked };
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ApplicationPolicy.Add(use);
        // Those between it and the authority, as they were sent.
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        return chain.Build(leaf);
    }
}
