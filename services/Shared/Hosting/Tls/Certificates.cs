using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microservices.Primitives;

namespace Microservices.Hosting.Tls;

/// <summary>What the files of <see cref="TlsOptions"/> have: the process's certificate and the authorities. Immutable.</summary>
/// <param name="Own">The process's certificate with those between it and its authority; null for none.</param>
/// <param name="Authorities">The certificate authorities that are believed; null for those of the machine.</param>
internal sealed record Certificates(SslStreamCertificateContext? Own, X509Certificate2Collection? Authorities)
{
    private const string Certificate = "-----BEGIN CERTIFICATE-----";

    /// <summary>Makes them of the texts of the files. A part of what was there, as in a file that is being written, is refused.</summary>
    /// <exception cref="InvalidSettingException">A file is not what it should be. Nothing of what is in it is told.</exception>
    public static Certificates Of(TlsOptions options, TlsTexts texts, DateTimeOffset now) => new(
        texts.Certificate is { } certificate ? Chain(options, certificate, texts.Key ?? certificate, now) : null,
        texts.Authorities is { } authorities ? Collection(authorities) ?? throw Invalid("CaFile", "must be a file with certificates of certificate authorities (PEM)", options.CaFile!, "has none, or one that is torn") : null);

    private static SslStreamCertificateContext Chain(TlsOptions options, string text, string key, DateTimeOffset now)
    {
        var chain = Collection(text)
            ?? throw Invalid("CertificateFile", "must be a file with the process's certificate (PEM)", options.CertificateFile!, "has none, or one that is torn");
        if (now > chain[0].NotAfter || now < chain[0].NotBefore)
            throw Invalid("CertificateFile", "must be a certificate that is valid now", options.CertificateFile!, $"is valid from {chain[0].NotBefore.ToUniversalTime():u} to {chain[0].NotAfter.ToUniversalTime():u}");
        X509Certificate2 leaf;
        try
        {
            leaf = X509Certificate2.CreateFromPem(text, key);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw Invalid("KeyFile", $"must be a file with the private key (PEM) of the certificate '{options.CertificateFile}'", options.KeyFile ?? options.CertificateFile!, "has none, or that of another certificate");
        }

        return SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true);
    }

    // Null when they are not as many as the text begins.
    private static X509Certificate2Collection? Collection(string text)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            return null;
        }

        return found.Count > 0 && found.Count == text.AsSpan().Count(Certificate) ? found : null;
    }

    private static InvalidSettingException Invalid(string key, string rule, string file, string problem) => new($"Tls:{key}", $"{rule}, but '{file}' {problem}");
}

/// <summary>The texts of the files, as they were read at one time; null for those that are not set.</summary>
internal sealed record TlsTexts(string? Certificate, string? Key, string? Authorities)
{
    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidSettingException">One of them cannot be read.</exception>
    public static TlsTexts Read(TlsOptions options) => new(Read("CertificateFile", options.CertificateFile), Read("KeyFile", options.KeyFile), Read("CaFile", options.CaFile));

    private static string? Read(string key, string? file)
    {
        try
        {
            return file is null ? null : File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException($"Tls:{key}", $"must be a file that this process can read, but '{file}' cannot be read: {exception.Message}");
        }
    }
}
