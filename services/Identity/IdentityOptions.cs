using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>The authority: section <c>Identity</c>.</summary>
internal sealed class IdentityOptions : IValidatableObject
{
    /// <summary>The public address of the suite, where the gateway answers, and the <c>iss</c> of tokens. Default "http://localhost:8080"; https outside Development.</summary>
    [MaxLength(200)]
    public string Issuer { get; set; } = "http://localhost:8080";

    /// <summary>How long an access token is valid. Default 5 min; 10 s to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a login lasts, with its refresh tokens. Default 14 days; 1 min to 1 year.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long the session of a browser lasts at the gateway when it is not used. Default 1 day; 1 min to 1 year. It ends after <see cref="SessionLifetime"/> in any case.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan SessionIdleTimeout { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long a key signs before the next one does. Default 30 days; 10 s to 1 year.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "365.00:00:00")]
    public TimeSpan KeyLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a new key is published before it signs: twice as long as those who check tokens keep the key set. Default 1 h; 1 s to 7 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan KeyAnnouncement { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How many logins may wait for a processor; beyond that the address that has the most waiting is turned away. Default 24; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxWaitingLogins { get; set; } = 24;

    /// <summary>How long a login may wait for a processor. Default 2 s; 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan LoginTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A certificate (PEM, RSA), by which the keys are encrypted that seal what the database keeps. Default none: required outside Development; there it is made,
    /// beside the database.
    /// </summary>
    [MaxLength(4_096)]
    public string? CertificateFile { get; set; }

    /// <summary>The certificate's private key (PEM). Default none: it is in <see cref="CertificateFile"/>.</summary>
    [MaxLength(4_096)]
    public string? PrivateKeyFile { get; set; }

    /// <summary>
    /// A directory, in Development only: two accounts are made, a user and an operator, whose passwords are written to files there that only their owner reads. Default
    /// none: no such accounts.
    /// </summary>
    [MaxLength(4_096)]
    public string? DemoDirectory { get; set; }

    /// <summary>
    /// The e-mail address of somebody who has registered: the process serves nothing, makes the account an operator, and exits. It is how the first operator is made. Default
    /// none.
    /// </summary>
    [MaxLength(254)]
    public string? MakeOperatorAndExit { get; set; }

    /// <summary>Who may ask for tokens, beside services and "cli", the command line, which is there unless one is called so. Default none; at most 100 in all.</summary>
    [Length(0, 100, ErrorMessage = "must have at most 100 clients")]
    public IList<ClientDefinition> Clients { get; } = [];

    /// <summary>
    /// A directory with the public keys of the suite's services, a file NAME.json each (a JSON Web Key Set): they get tokens in their own name, with the role
    /// "workload", which nobody else gets. Default none: then services get none here.
    /// </summary>
    [MaxLength(4_096)]
    public string? WorkloadKeys { get; set; }

    /// <summary>The issuer.</summary>
    internal Uri IssuerUri => new(Issuer);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || issuer is not { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" })
            yield return new ValidationResult("must be an address without a path, such as https://shop.example.com", [nameof(Issuer)]);
        if (KeyAnnouncement >= KeyLifetime)
            yield return new ValidationResult($"must be below KeyLifetime, which is {KeyLifetime}", [nameof(KeyAnnouncement)]);
        if (Clients.GroupBy(client => client.ClientId).FirstOrDefault(same => same.Count() > 1) is { } twice)
            yield return new ValidationResult($"must have each client once, but has '{twice.Key}' more often", [nameof(Clients)]);
        for (var i = 0; i < Clients.Count; i++)
        {
            if (Clients[i].Problem() is { } problem)
                yield return new ValidationResult(problem, [$"{nameof(Clients)}:{i}"]);
        }
    }
}

[OptionsValidator]
internal sealed partial class IdentityOptionsValidator : IValidateOptions<IdentityOptions>;
