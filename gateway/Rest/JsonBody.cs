using System.Buffers;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway.Rest;

/// <summary>Reads request bodies: JSON in UTF-8, of bounded size. What is wrong with one is said in our words, by the name of the field.</summary>
internal static class JsonBody
{
    // A body that is too large is read to its end, within this, before it is refused: a caller that sends all before it reads
    // would otherwise see a broken connection and not the answer.
    private const long MaxDiscardedBytes = 32 << 20;
    private const int DiscardedAtOnce = 4 << 10;

    /// <summary>The body.</summary>
    /// <exception cref="InvalidRequestException">It is not what it should be.</exception>
    /// <exception cref="BadHttpRequestException">413 or 415.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        RequireJson(http.Request);
        var max = http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.MaxRequestBodyBytes;
        if (await http.RequestServices.GetRequiredService<RequestBodies>().ReadAsync(http, max, http.RequestAborted) is { } body)
            return Parse(body, type);
        await DiscardAsync(http);
        throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
    }

    /// <summary>The body, or null when there is none.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public static async Task<T?> ReadOptionalAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } or null ? null : await ReadAsync(http, type);

    /// <summary>Refuses a body that is compressed: what it would be is not known before it is.</summary>
    /// <exception cref="BadHttpRequestException">415.</exception>
    public static void RequireUncompressed(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Any(coding => !string.Equals(coding, "identity", StringComparison.OrdinalIgnoreCase)))
            throw new BadHttpRequestException("The body is compressed.", StatusCodes.Status415UnsupportedMediaType);
    }

    private static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new InvalidRequestException("$", "must be an object");
        }
        catch (JsonException exception)
        {
            throw JsonDiagnosis.Explain(exception, json, type);
        }
    }

    private static void RequireJson(HttpRequest request)
    {
        RequireUncompressed(request);
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !(type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
            || (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new BadHttpRequestException("The body is not JSON in UTF-8.", StatusCodes.Status415UnsupportedMediaType);
        }
    }

    private static async Task DiscardAsync(HttpContext http)
    {
        // A caller that expects 100-continue has not sent it yet.
        if (http.Request.Headers.Expect.Count > 0 || http.Request.ContentLength > MaxDiscardedBytes)
            return;

        var buffer = ArrayPool<byte>.Shared.Rent(DiscardedAtOnce);
        try
        {
            long discarded = 0;
            int read;
            while (discarded < MaxDiscardedBytes && (read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0)
                discarded += read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
