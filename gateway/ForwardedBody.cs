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
        var body = await ReadAsync(http, http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.MaxRequestBodyBytes, timeout);
        http.Request.Body = new MemoryStream(body.Array!, body.Offset, body.Count);
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="BadHttpRequestException">413: it is larger than that. 408: it took too long.</exception>
    public static async Task<ArraySegment<byte>> ReadAsync(HttpContext http, int max, TimeSpan timeout)
    {
        if (!HasBody(http))
            return new([]);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        late.CancelAfter(timeout);
        try
        {
            return await http.RequestServices.GetRequiredService<RequestBodies>().ReadAsync(http, max, late.Token)
                ?? throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The body took too long to arrive.", StatusCodes.Status408RequestTimeout);
        }
    }

    private static bool HasBody(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };
}
