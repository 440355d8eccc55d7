using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>The body of a request that is to be forwarded as it is: all of it is read before, up to a size and within a time, and at the server's least pace.</summary>
internal static class ForwardedBody
{
    /// <summary>Reads it; whoever forwards the request reads it from its beginning.</summary>
    /// <exception cref="BadHttpRequestException">413: it is larger than <see cref="GatewayOptions.MaxRequestBodyBytes"/>. 408: it took too long.</exception>
    public static async Task BufferAsync(HttpContext http, TimeSpan timeout)
    {
        if (!HasBody(http))
            return;
        var max = http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.MaxRequestBodyBytes;
        http.Request.Body = new MemoryStream(await ReadAsync(http, max, timeout));
    }

    /// <summary>Reads it; nothing more than one byte beyond the bound.</summary>
    /// <exception cref="BadHttpRequestException">413: it is larger than that. 408: it took too long.</exception>
    public static async Task<byte[]> ReadAsync(HttpContext http, int max, TimeSpan timeout)
    {
        if (!HasBody(http))
            return [];
        if (http.Request.ContentLength > max)
            throw TooLarge();
        // One more byte than may come, of one whose length is not known.
        var buffer = new byte[(int)(http.Request.ContentLength ?? max) + 1];
        using var late = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        late.CancelAfter(timeout);
        try
        {
            var length = await http.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, late.Token);
            return length <= max ? buffer[..length] : throw TooLarge();
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The body took too long to arrive.", StatusCodes.Status408RequestTimeout);
        }
    }

    private static bool HasBody(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    private static BadHttpRequestException TooLarge() => new("The body is too large.", StatusCodes.Status413PayloadTooLarge);
}
