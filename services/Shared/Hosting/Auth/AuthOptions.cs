using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Auth;

/// <summary>Whose tokens a process accepts, and how it gets its own: section <c>Auth</c>. A wrong value stops the process at start and names its key.</summary>
public sealed class AuthOptions : IValidatableObject
{
    /// <summary>
    /// The issuer of tokens, as its tokens have it in <c>iss</c>, to the character: the public address of the OpenID Connect authority, http or https.
    /// Default "http://localhost:8080/".
    /// </summary>
    [Required(ErrorMessage = "must be the address of the authority that issues tokens, such as https://id.example.com")]
    public string Authority { get; set; } = "http://localhost:8080/";

    /// <summary>Whom tokens must be for: one of the values of their <c>aud</c>. Default "microservices".</summary>
    [Required(ErrorMessage = "must be what tokens have in aud, such as microservices")]
    public string Audience { get; set; } = "microservices";

    /// <summary>
    /// Where the authority's public keys are read, a JSON Web Key Set over http or https. Default none: then it is <c>/.well-known/jwks</c> of
    /// <see cref="Authority"/>.
    /// </summary>
    [MaxLength(2048)]
    public string? KeysAddress { get; set; }

    /// <summary>A file with the key set, in place of <see cref="KeysAddress"/>. It may be replaced while the process runs. Default none.</summary>
    [MaxLength(4096)]
    public string? KeysFile { get; set; }

    /// <summary>
    /// A file with the process's private key, a JSON Web Key (EC, P-256, with a kid), that only the process may read. By it the process gets tokens with which it
    /// calls other services in its own name, and renews them. It may be replaced while the process runs. A process that calls others, or follows revocations, needs this, or
    /// <see cref="TokenFile"/>. Default none.
    /// </summary>
    [MaxLength(4096)]
    public string? KeyFile { get; set; }

    /// <summary>
    /// Where the process gets its own tokens, the token endpoint of the authority over http or https. Default none: then it is <c>/connect/token</c> of
    /// <see cref="Authority"/>.
    /// </summary>
    [MaxLength(2048)]
    public string? TokenAddress { get; set; }

    /// <summary>
    /// In place of <see cref="KeyFile"/>, a file with the process's own token, which somebody else gets for it. It is read again every 5 s, and is to be replaced
    /// before the token expires. Default none.
    /// </summary>
    [MaxLength(4096)]
    public string? TokenFile { get; set; }

    /// <summary>
    /// A directory where the process keeps the last key set and its own token, in files that only it may read, so that it also starts while the authority is away.
    /// Processes may share one. Default none: then nothing is kept.
    /// </summary>
    [MaxLength(4096)]
    public string? KeptIn { get; set; }

    /// <summary>
    /// Where Identity says which tokens it has revoked: <c>http://host:port</c> of its gRPC port, or <c>dns:///host:port</c> for all its replicas. A process that follows it needs
    /// <see cref="KeyFile"/> or <see cref="TokenFile"/>. Default none: then revoked tokens are taken until they expire.
    /// </summary>
    [MaxLength(2048)]
    public string? RevocationsAddress { get; set; }

    /// <summary>
    /// How much memory checked tokens may take, in bytes, so that a token that comes again is not checked again. What has not been used for
    /// longest is checked anew. Default 16 MiB, which is about 40,000 tokens; 64 KiB to 1 GiB.
    /// </summary>
    [Range(64L << 10, 1L << 30)]
    public long MaxCachedBytes { get; set; } = 16 << 20;

    /// <summary>Where the key set is read when it is not a file.</summary>
    internal Uri KeysUri => new(KeysAddress ?? $"{Authority.TrimEnd('/')}/.well-known/jwks");

    /// <summary>Where the process gets its own tokens.</summary>
    internal Uri TokenUri => new(TokenAddress ?? $"{Authority.TrimEnd('/')}/connect/token");

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Authority.Length > 0 && !IsAddress(Authority))
            yield return new ValidationResult("must be an address such as https://id.example.com", [nameof(Authority)]);
        if (KeysAddress is { } address && !IsAddress(address))
            yield return new ValidationResult("must be an address such as http://identity:8089/.well-known/jwks", [nameof(KeysAddress)]);
        if (KeysAddress is not null && KeysFile is not null)
            yield return new ValidationResult("must be absent where Auth:KeysAddress is given", [nameof(KeysFile)]);
        if (TokenAddress is { } tokens && !IsAddress(tokens))
            yield return new ValidationResult("must be an address such as http://identity:8089/connect/token", [nameof(TokenAddress)]);
        if (RevocationsAddress is { } revocations && !BackendOptions.IsAddress(revocations, out _))
            yield return new ValidationResult("must be http://host:port, https://host:port or dns:///host:port", [nameof(RevocationsAddress)]);
        if (RevocationsAddress is not null && KeyFile is null && TokenFile is null)
            yield return new ValidationResult("must be absent where neither Auth:KeyFile nor Auth:TokenFile is given", [nameof(RevocationsAddress)]);
        if (KeyFile is not null && TokenFile is not null)
            yield return new ValidationResult("must be absent where Auth:KeyFile is given", [nameof(TokenFile)]);
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}

[OptionsValidator]
internal sealed partial class AuthOptionsValidator : IValidateOptions<AuthOptions>;
