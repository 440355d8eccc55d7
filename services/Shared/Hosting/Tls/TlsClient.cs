using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microservices.Primitives;

namespace Microservices.Hosting.Tls;

/// <summary>How the process speaks TLS with those whom it calls, by the files of <see cref="TlsOptions"/> as they are when a connection is made. Thread-safe.</summary>
public sealed class TlsClient : IClientTls
{
    private readonly TlsFiles files;

    internal TlsClient(TlsFiles files) => this.files = files;

    /// <inheritdoc/>
    public bool IsOn => files.Current.Authorities is not null;

    /// <inheritdoc/>
    public SslClientAuthenticationOptions Options(params IEnumerable<string> names)
    {
        string[] all = [.. names];
        var options = WithOwn();
        if (!IsOn)
            return options;
        options.CertificateChainPolicy = ChainCheck.Unasked;
        options.RemoteCertificateValidationCallback = (stream, certificate, chain, _) => IsOf(files.Current, certificate, chain, [((SslStream)stream).TargetHostName, .. all]);
        return options;
    }

    /// <summary>The options for the authority that issues tokens, which may be one of the suite, or elsewhere and known to the machine.</summary>
    public SslClientAuthenticationOptions OptionsForAuthority()
    {
        var options = WithOwn();
        options.RemoteCertificateValidationCallback = (stream, certificate, chain, errors) =>
            errors == SslPolicyErrors.None || IsOf(files.Current, certificate, chain, [((SslStream)stream).TargetHostName]);
        return options;
    }

    /// <summary>The options for the process's own ports, whatever address they are called by.</summary>
    public SslClientAuthenticationOptions OptionsForSelf()
    {
        var options = WithOwn();
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null && files.Current.Own is { } own && certificate.GetRawCertData().AsSpan().SequenceEqual(own.TargetCertificate.RawData);
        return options;
    }

    // A session that is resumed would go on with the certificates of before.
    private SslClientAuthenticationOptions WithOwn() => new()
    {
        AllowTlsResume = false,
        LocalCertificateSelectionCallback = (_, _, _, _, _) => files.Current.Own?.TargetCertificate!,
    };

    private static bool IsOf(Certificates known, X509Certificate? certificate, X509Chain? chain, string[] names) =>
        known.Authorities is { } authorities && ChainCheck.IsServer(certificate, chain, authorities) && names.Any(name => name.Length > 0 && ((X509Certificate2)certificate!).MatchesHostname(name));
}
