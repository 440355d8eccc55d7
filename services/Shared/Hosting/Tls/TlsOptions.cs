using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Tls;

/// <summary>
/// The certificates of a process, for its ports whose address is https and for its calls: section <c>Tls</c>. The files are read again every 5 s, and what has
/// changed is used by the connections that are made from then on. A wrong value stops the process at start and names its key.
/// </summary>
public sealed class TlsOptions : IValidatableObject
{
    /// <summary>
    /// A file with the process's certificate, and with those between it and the authority's (PEM). Ports show all of it to their callers; to the services that it calls the process shows its
    /// own alone, so their <see cref="CaFile"/> has to have the authority that has signed that. Default none: required where a port is https.
    /// </summary>
    [MaxLength(4096)]
    public string? CertificateFile { get; set; }

    /// <summary>A file with the certificate's private key (PEM), that only the process may read. Default none: then it is in <see cref="CertificateFile"/>.</summary>
    [MaxLength(4096)]
    public string? KeyFile { get; set; }

    /// <summary>
    /// A file with the certificates of the suite's certificate authorities (PEM). Services that are called have to have a certificate of one of them, and so has a service that
    /// calls in its own name, with its name in it: <c>spiffe://suite/orders</c>. Default none: then https addresses are believed as the machine believes them, and callers are not
    /// asked for certificates.
    /// </summary>
    [MaxLength(4096)]
    public string? CaFile { get; set; }

    /// <summary>The trust domain of the services' names in certificates: what stands between <c>spiffe://</c> and the name. Default "suite".</summary>
    [RegularExpression("[a-z0-9._-]{1,255}", ErrorMessage = "must be a trust domain of SPIFFE, of small letters, digits and . _ -, such as suite")]
    public string TrustDomain { get; set; } = "suite";

    /// <summary>
    /// Whether ports may be without TLS where others than this machine reach them, outside Development: because something else sees to it there, such as a mesh, or network policies and an
    /// ingress. Default false. The management port is never with TLS.
    /// </summary>
    public bool AllowPlaintext { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (KeyFile is not null && CertificateFile is null)
            yield return new ValidationResult("must be given with Tls:KeyFile, whose certificate it is", [nameof(CertificateFile)]);
    }
}

[OptionsValidator]
internal sealed partial class TlsOptionsValidator : IValidateOptions<TlsOptions>;
