using System.Net.Security;
using Microservices.Primitives;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Tls;

/// <summary>Which service has called, by the certificate of the connection: <c>orders</c>; null when it has shown none, or one without a name of the suite.</summary>
internal sealed record PeerWorkload(string? Name);

/// <summary>TLS at a port: each connection has the certificates that are in force when it is made.</summary>
internal static class TlsServer
{
    /// <summary>Speaks TLS at an endpoint from here on.</summary>
    /// <param name="listen">The endpoint; its protocols are set.</param>
    /// <param name="key">The key of its address, for whoever has to mend it.</param>
    /// <param name="asksWorkloads">
    /// Whether services show who they are: callers are asked for a certificate, which has to be of the suite's authority. One that shows none is let in, since it may be a person's.
    /// </param>
    public static void Use(ListenOptions listen, string key, bool asksWorkloads)
    {
        var files = listen.ApplicationServices.GetRequiredService<TlsFiles>();
        if (files.Current.Own is null)
            throw new InvalidSettingException("Tls:CertificateFile", $"must be a file with the process's certificate (PEM), since {key} is https, but is missing");
        asksWorkloads &= files.Current.Authorities is not null;
        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(Options(files.Current, asksWorkloads)) });
        if (!asksWorkloads)
            return;
        var trustDomain = listen.ApplicationServices.GetRequiredService<IOptions<TlsOptions>>().Value.TrustDomain;
        listen.Use(next => connection =>
        {
            var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
            connection.Features.Set(new PeerWorkload(certificate is null ? null : SpiffeId.NameOf(certificate, trustDomain)));
            return next(connection);
        });
    }

    private static SslServerAuthenticationOptions Options(Certificates known, bool asksWorkloads)
    {
        var options = new SslServerAuthenticationOptions { ServerCertificateContext = known.Own };
        if (!asksWorkloads)
            return options;
        options.ClientCertificateRequired = true;
        // A session that is resumed would go on with the certificates of before.
        options.AllowTlsResume = false;
        options.CertificateChainPolicy = ChainCheck.Unasked;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, _) => certificate is null || ChainCheck.IsClient(certificate, chain, known.Authorities!);
        return options;
    }
}
