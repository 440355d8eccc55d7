using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Gateway.Rest;

/// <summary>
/// How long the line and the headers of a request may be, and take to arrive. The server's own bounds are higher, so that the connection can go on after the answer;
/// beyond those the server closes it: see <see cref="RejectedRequests"/>.
/// </summary>
internal static class RequestLimits
{
    private const int MaxTargetBytes = 8 << 10;
    private const int MaxHeaderBytes = 32 << 10;
    private const int MaxHeaders = 100;

    // The server's: a connection holds at most this much before it is looked at.
    private const int ServerLineBytes = 64 << 10;
    private const int ServerHeaderBytes = 128 << 10;
    private const int ServerHeaders = 1_000;
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    public static void AddRequestLimits(this WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel(options =>
    {
        options.Limits.MaxRequestLineSize = ServerLineBytes;
        options.Limits.MaxRequestHeadersTotalSize = ServerHeaderBytes;
        options.Limits.MaxRequestHeaderCount = ServerHeaders;
        options.Limits.RequestHeadersTimeout = HeadersTimeout;
    });

    /// <summary>Refuses what is too long.</summary>
    /// <exception cref="BadHttpRequestException">414 or 431.</exception>
    public static void Check(HttpContext http)
    {
        if (http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Length > MaxTargetBytes)
            throw new BadHttpRequestException("The request's target is too long.", StatusCodes.Status414UriTooLong);
        var (count, bytes) = (0, 0);
        foreach (var (name, values) in http.Request.Headers)
        {
            foreach (var value in values)
            {
                count++;
                bytes += name.Length + (value?.Length ?? 0) + ": \r\n".Length;
            }
        }

        if (count > MaxHeaders || bytes > MaxHeaderBytes)
            throw new BadHttpRequestException("The request's headers are too large.", StatusCodes.Status431RequestHeaderFieldsTooLarge);
    }
}
