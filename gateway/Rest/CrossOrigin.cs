using System.ComponentModel.DataAnnotations;
using Microservices.Gateway.Limits;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway.Rest;

/// <summary>The origins whose web pages may use REST and events in a browser, beside the gateway's own (CORS): section <c>Cors</c>.</summary>
public sealed class CrossOriginOptions : IValidatableObject
{
    /// <summary>
    /// The origins, each as a browser sends it: <c>https://shop.example.com</c>, with a port if it is not the usual one, and no path. <c>*</c> is all.
    /// At most 100. Default none. Cookies are never allowed.
    /// </summary>
    [MaxLength(100, ErrorMessage = "must have at most 100 origins")]
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>How long a browser may remember that it has asked for permission. Default 10 min; 0 to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan PreflightMaxAge { get; set; } = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < AllowedOrigins.Count; i++)
        {
            if (!IsOrigin(AllowedOrigins[i]))
                yield return new ValidationResult("must be an origin such as https://shop.example.com, without a path, or *", [$"{nameof(AllowedOrigins)}:{i}"]);
        }
    }

    private static bool IsOrigin(string origin) => origin == "*"
        || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin);
}

[OptionsValidator]
internal sealed partial class CrossOriginOptionsValidator : IValidateOptions<CrossOriginOptions>;

internal static class CrossOrigin
{
    public static void AddCrossOrigin(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<CrossOriginOptions, CrossOriginOptionsValidator>("Cors");
        builder.Services.AddCors();
        builder.Services.AddOptions<CorsOptions>().Configure<IOptions<CrossOriginOptions>>((cors, options) =>
        {
            if (options.Value.AllowedOrigins.Count == 0)
                return;
            cors.AddDefaultPolicy(policy => policy
                .WithOrigins([.. options.Value.AllowedOrigins])
                .WithMethods(HttpMethods.Get, HttpMethods.Head, HttpMethods.Post, HttpMethods.Patch)
                .WithHeaders(HeaderNames.Authorization, HeaderNames.ContentType, HeaderNames.CacheControl, HeaderNames.Accept, RequestValues.IdempotencyKey, RequestValues.RequestTimeout, RequestValues.Position, RequestValues.LastEventId)
                .WithExposedHeaders(HeaderNames.Location, HeaderNames.RetryAfter, HeaderNames.Age, RateLimitHeaders.Limit, RateLimitHeaders.Policy, RequestValues.IdempotencyReplayed, RequestValues.Position)
                .SetPreflightMaxAge(options.Value.PreflightMaxAge));
        });
    }
}
