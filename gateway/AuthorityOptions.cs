using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>Where Identity is, whose pages and endpoints are at the gateway's address: section <c>Authority</c>.</summary>
internal sealed class AuthorityOptions : IValidatableObject
{
    /// <summary>Its address for HTTP. Default "http://localhost:8089".</summary>
    [Required(ErrorMessage = "must be an address such as http://identity:8089, but is empty")]
    public string Address { get; set; } = "http://localhost:8089";

    /// <summary>How long it may take to answer, and then for each part of an answer; and how long a caller may take to send a request's body. Default 30 s; 1 s to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many requests may be with it at a time, forwarded ones and those for the tokens of sessions. A quarter of them is each address's share; beyond it the address that has the most loses its oldest
    /// to another. Default 256; 4 to 10,000.
    /// </summary>
    [Range(4, 10_000)]
    public int MaxRequests { get; set; } = 256;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Address.Length > 0 && (!Uri.TryCreate(Address, UriKind.Absolute, out var uri) || uri is not { Scheme: "http" or "https", PathAndQuery: "/" }))
            yield return new ValidationResult("must be an address without a path, such as http://identity:8089", [nameof(Address)]);
    }
}

[OptionsValidator]
internal sealed partial class AuthorityOptionsValidator : IValidateOptions<AuthorityOptions>;
