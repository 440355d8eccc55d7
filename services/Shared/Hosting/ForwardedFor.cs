using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting;

/// <summary>Who may say on whose behalf a request comes: section <c>Proxies</c>.</summary>
public sealed class ProxyOptions : IValidatableObject
{
    /// <summary>The networks of proxies that are believed, such as <c>10.0.0.0/8</c>. Default none: only those on this machine are; 0 to 100.</summary>
    [Length(0, 100, ErrorMessage = "must have at most 100 networks, such as 10.0.0.0/8")]
    public IList<string> Trusted { get; } = [];

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Trusted.Count; i++)
        {
            if (!System.Net.IPNetwork.TryParse(Trusted[i], out _))
                yield return new ValidationResult("must be a network such as 10.0.0.0/8", [$"{nameof(Trusted)}:{i}"]);
        }
    }
}

[OptionsValidator]
internal sealed partial class ProxyOptionsValidator : IValidateOptions<ProxyOptions>;

/// <summary>Takes a caller's address from <c>X-Forwarded-For</c> where a trusted proxy has written it.</summary>
public static class ForwardedFor
{
    /// <summary>Registers what <see cref="UseForwardedFor"/> needs.</summary>
    public static void AddForwardedFor(this WebApplicationBuilder builder) =>
        builder.Services.AddValidatedOptions<ProxyOptions, ProxyOptionsValidator>("Proxies");

    /// <summary>
    /// From here on the caller's address is the last one that the header has, if the connection is a trusted proxy's (<see cref="ProxyOptions"/>): the one that this proxy
    /// has seen. What stands before it anybody may have written.
    /// </summary>
    public static void UseForwardedFor(this IApplicationBuilder app)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = 1 };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in (string[])["127.0.0.0/8", "::1/128", .. app.ApplicationServices.GetRequiredService<IOptions<ProxyOptions>>().Value.Trusted])
            options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(network));
        app.UseForwardedHeaders(options);
    }
}
