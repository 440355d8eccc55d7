using System.Globalization;
using System.Text.RegularExpressions;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway.Rest;

/// <summary>Reads the headers and the query of a request. An error names the header or parameter.</summary>
internal static partial class RequestValues
{
    public const string RequestTimeout = "Request-Timeout";
    public const string IdempotencyKey = "Idempotency-Key";
    public const string IdempotencyReplayed = "Idempotency-Replayed";
    public const string LastEventId = "Last-Event-ID";
    public const string Position = "Position";
    public const string UserPosition = "user";
    public const string OrdersPosition = "orders";

    /// <summary>
    /// Until when (UTC) the request may take: the header Request-Timeout, in seconds ("1.5"), otherwise the default; never more than the
    /// maximum.
    /// </summary>
    public static DateTime Deadline(this HttpContext http)
    {
        var options = http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value;
        var time = http.RequestServices.GetRequiredService<TimeProvider>();
        return options.Deadline(time, Timeout(http.Request.Headers[RequestTimeout]));
    }

    /// <summary>The token, deadline and cancellation of a call to a service on behalf of this request.</summary>
    public static CallOptions CallOptions(this HttpContext http) =>
        new(new Metadata { { HeaderNames.Authorization, http.Request.Headers.Authorization.ToString() } }, http.Deadline(), http.RequestAborted);

    /// <summary>The idempotency key; empty for none. The service says what a key may be.</summary>
    public static string ReadIdempotencyKey(this HttpContext http)
    {
        var values = http.Request.Headers[IdempotencyKey];
        if (values.Count > 1 || (values.Count == 1 && string.IsNullOrWhiteSpace(values[0])))
            throw new InvalidRequestException(IdempotencyKey, "must have one value, not empty, or be absent");
        return values.ToString();
    }

    /// <summary>A whole number; 0 when absent.</summary>
    public static int QueryNumber(this HttpContext http, string name)
    {
        if (http.QueryText(name) is not { } text)
            return 0;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new InvalidRequestException(name, $"must be a whole number up to {int.MaxValue}");
    }

    /// <summary>true or false; false when absent.</summary>
    public static bool QueryFlag(this HttpContext http, string name) => http.QueryText(name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw new InvalidRequestException(name, "must be true or false"),
    };

    /// <summary>Text; null when absent.</summary>
    public static string? QueryText(this HttpContext http, string name)
    {
        var values = http.Request.Query[name];
        return values.Count <= 1 ? values : throw new InvalidRequestException(name, "must be given once");
    }

    /// <summary>
    /// How stale an answer the caller accepts in place of an error: <c>Cache-Control: stale-if-error=60</c>, in seconds (RFC 5861). Zero when it
    /// says nothing; an invalid value is ignored, as that RFC says.
    /// </summary>
    public static TimeSpan StaleIfError(this HttpContext http)
    {
        var directive = http.ReadCacheControl()?.Extensions.FirstOrDefault(extension => extension.Name.Equals("stale-if-error", StringComparison.OrdinalIgnoreCase));
        return int.TryParse(directive is null ? [] : directive.Value.AsSpan(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
    }

    /// <summary>
    /// Whether the caller wants what there is now, whatever the gateway knows: <c>Cache-Control: no-cache</c>, or <c>no-store</c>, or
    /// <c>max-age=0</c> (RFC 9111).
    /// </summary>
    public static bool NoCache(this HttpContext http) =>
        http.ReadCacheControl() is { } control && (control.NoCache || control.NoStore || control.MaxAge == TimeSpan.Zero);

    /// <summary>The etags that the caller's last writes answered with: header Position, such as "orders=00c5f1c0a1b2c3d4". 0 where there is none.</summary>
    public static (ulong User, ulong Orders) ReadPosition(this HttpContext http)
    {
        var (user, orders) = (0ul, 0ul);
        foreach (var item in http.Request.Headers.GetCommaSeparatedValues(Position))
        {
            var (name, etag) = item.Split('=') is [var n, { Length: 16 } hex] && ulong.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var e) ? (n, e) : ("", 0ul);
            switch (name)
            {
                case UserPosition when user == 0:
                    user = etag;
                    break;
                case OrdersPosition when orders == 0:
                    orders = etag;
                    break;
                default:
                    throw new InvalidRequestException(Position, "must be the value that a write was answered with, once for users and once for orders");
            }
        }

        return (user, orders);
    }

    // Most requests have none: nothing is parsed for them.
    private static CacheControlHeaderValue? ReadCacheControl(this HttpContext http) =>
        http.Request.Headers.CacheControl.Count == 0 ? null : http.Request.GetTypedHeaders().CacheControl;

    private static TimeSpan? Timeout(Microsoft.Extensions.Primitives.StringValues values)
    {
        if (values.Count == 0)
            return null;
        return values.Count == 1 && SecondsPattern().IsMatch(values.ToString())
            && decimal.Parse(values.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) is > 0 and var seconds
            ? TimeSpan.FromSeconds((double)seconds)
            : throw new InvalidRequestException(RequestTimeout, "must be a number of seconds above 0, such as 1.5");
    }

    [GeneratedRegex(@"\A[0-9]{1,9}(\.[0-9]{1,9})?\z")]
    private static partial Regex SecondsPattern();
}
