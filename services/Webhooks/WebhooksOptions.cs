using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Webhooks;

/// <summary>How webhooks are sent, received and kept: section <c>Webhooks</c>. The same for all replicas.</summary>
internal sealed class WebhooksOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Webhooks";

    /// <summary>How many endpoints an owner may have. Default 10; 1 to 100.</summary>
    [Range(1, 100)]
    public int MaxEndpoints { get; set; } = 10;

    /// <summary>How many endpoints may get every user's events. Default 100; 0 to 1,000.</summary>
    [Range(0, 1_000)]
    public int MaxEveryoneEndpoints { get; set; } = 100;

    /// <summary>How many messages are under way to one endpoint at a time. Default 8; 1 to 100.</summary>
    [Range(1, 100)]
    public int MaxConcurrentPerEndpoint { get; set; } = 8;

    /// <summary>How long an endpoint may fail without one success before it is disabled. Default 5 days; 1 min to 90 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "90.00:00:00")]
    public TimeSpan DisableAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How many sources an owner may have. Default 10; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxSources { get; set; } = 10;

    /// <summary>How much of what it has received a source keeps, in bytes, each message counted as its body and 1 KiB. Default 32 MiB; 1 MiB to 1 GiB.</summary>
    [Range(1 << 20, 1 << 30)]
    public int MaxReceivedBytes { get; set; } = 32 << 20;

    /// <summary>How long a delivery is kept, delivered or not, and what was received. Default 30 days; 1 min to 10 years.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// A certificate (PEM, RSA), by which the keys are encrypted that seal the endpoints' secrets. Default none: required outside Development; there it is made,
    /// beside the database.
    /// </summary>
    [MaxLength(4_096)]
    public string? CertificateFile { get; set; }

    /// <summary>The certificate's private key (PEM). Default none: it is in <see cref="CertificateFile"/>.</summary>
    [MaxLength(4_096)]
    public string? PrivateKeyFile { get; set; }
}

[OptionsValidator]
internal sealed partial class WebhooksOptionsValidator : IValidateOptions<WebhooksOptions>;
