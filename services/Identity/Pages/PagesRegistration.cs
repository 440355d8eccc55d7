using System.Globalization;
using System.Threading.RateLimiting;
using Microservices.Hosting;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Microservices.Identity;

/// <summary>The pages and endpoints over HTTP: their address, their headers, and how often an address may ask.</summary>
internal static class PagesRegistration
{
    private const long MaxBodyBytes = 64 << 10;
    private static readonly string[] Paths = ["/account", "/connect"];

    /// <summary>Registers them.</summary>
    public static void AddPages(this WebApplicationBuilder builder)
    {
        builder.AddForwardedFor();
        builder.Services.AddRazorPages();
        builder.Services.AddOptions<Microsoft.AspNetCore.Antiforgery.AntiforgeryOptions>().Configure<IOptions<IdentityOptions>>((antiforgery, identity) =>
        {
            var secure = identity.Value.IssuerUri.Scheme == "https";
            antiforgery.Cookie.Name = SessionCookie.NameOf("form", secure);
            antiforgery.Cookie.SecurePolicy = secure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (rejected, _) =>
            {
                var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
                RetryAfter(rejected.HttpContext, wait);
                return ValueTask.CompletedTask;
            };
            limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                PartitionedRateLimiter.Create<HttpContext, string>(RequestsOf), PartitionedRateLimiter.Create<HttpContext, string>(DeviceCodesOf), PartitionedRateLimiter.Create<HttpContext, string>(AllDeviceCodes));
        });
    }

    /// <summary>Puts them into the pipeline.</summary>
    public static void UsePages(this WebApplication app)
    {
        var identity = app.Services.GetRequiredService<IOptions<IdentityOptions>>().Value;
        var policy = ContentSecurityPolicy(identity);
        app.UseWhen(http => Paths.Any(path => http.Request.Path.StartsWithSegments(path)), pages =>
        {
            pages.Use((http, next) =>
            {
                SetHeaders(http.Response.Headers, policy);
                if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
                    body.MaxRequestBodySize = MaxBodyBytes;
                return next(http);
            });
            pages.UseRateLimiter();
            pages.UseExceptionHandler("/account/error");
            pages.UseStatusCodePagesWithReExecute("/account/error");
        });
        // Whatever way a request has come, it is at the issuer's address: no Host header gets into what is sent.
        app.Use((http, next) =>
        {
            (http.Request.Scheme, http.Request.Host) = (identity.IssuerUri.Scheme, HostString.FromUriComponent(identity.IssuerUri));
            return next(http);
        });
        // Again, for the error page, which takes the place of what was asked for.
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
    }

    /// <summary>Maps them. Anybody may ask: each finds out by itself who does.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.MapRazorPages().OpenToAll();
        app.MapGet("/account/style.css", () => Results.Stream(typeof(PagesRegistration).Assembly.GetManifestResourceStream("style.css")!, "text/css; charset=utf-8")).OpenToAll();
    }

    /// <summary>Says when to come again.</summary>
    public static void RetryAfter(HttpContext http, TimeSpan delay)
    {
        http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        http.Response.Headers.RetryAfter = ((int)Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
    }

    private static void SetHeaders(IHeaderDictionary headers, string policy)
    {
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        (headers.CacheControl, headers.Pragma) = ("no-cache, no-store", "no-cache");
    }

    // Browsers follow a form's redirects only to where forms may go: to the clients as well.
    private static string ContentSecurityPolicy(IdentityOptions identity)
    {
        var clients = identity.Clients.SelectMany(client => client.RedirectUris.Concat(client.LogoutUris)).Select(uri => new Uri(uri))
            .Select(uri => uri.Scheme is "http" or "https" ? uri.GetLeftPart(UriPartial.Authority) : $"{uri.Scheme}:").Distinct();
        return $"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {string.Join(' ', ["'self'", .. clients])}";
    }

    private static RateLimitPartition<string> RequestsOf(HttpContext http) => RateLimitPartition.GetTokenBucketLimiter(
        AddressOf(http), _ => new TokenBucketRateLimiterOptions { TokenLimit = 200, TokensPerPeriod = 50, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0 });

    // A device code is a row that a stranger makes: each lives for ten minutes.
    private static RateLimitPartition<string> DeviceCodesOf(HttpContext http) => !AsksForDeviceCode(http) ? RateLimitPartition.GetNoLimiter("") : RateLimitPartition.GetTokenBucketLimiter(
        AddressOf(http), _ => new TokenBucketRateLimiterOptions { TokenLimit = 30, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromSeconds(6), QueueLimit = 0 });

    private static RateLimitPartition<string> AllDeviceCodes(HttpContext http) => !AsksForDeviceCode(http) ? RateLimitPartition.GetNoLimiter("") : RateLimitPartition.GetTokenBucketLimiter(
        "all", _ => new TokenBucketRateLimiterOptions { TokenLimit = 1_000, TokensPerPeriod = 20, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0 });

    private static bool AsksForDeviceCode(HttpContext http) => http.Request.Path.StartsWithSegments("/connect/device");

    private static string AddressOf(HttpContext http) => Caller.Of(http).Address.ToString();
}
