using System.Text.Json;
using Microservices.Gateway.Overviews;
using Microservices.Hosting.Admission;

namespace Microservices.Gateway.Rest;

/// <summary>
/// The overviews of a batch as the body of an answer: byte for byte what <see cref="GatewayJson"/> makes of an <see cref="OverviewBatch"/>, but
/// written one overview at a time, at the reader's pace, each released once it is written.
/// </summary>
internal sealed class BatchAnswer(OverviewResult[] overviews, QuotaHold hold) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        return ReaderPace.WriteAsync(httpContext, token => WriteAsync(httpContext.Response, token));
    }

    private async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        var output = response.BodyWriter;
        await using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray("overviews"u8);
        for (var i = 0; i < overviews.Length; i++)
        {
            JsonSerializer.Serialize(json, overviews[i].ToBatched(), GatewayJson.Default.BatchedOverview);
            hold.GiveBack(overviews[i].Bytes);
            overviews[i] = null!;
            if (json.BytesPending + output.UnflushedBytes < ReaderPace.ChunkBytes)
                continue;
            json.Flush();
            await output.FlushAsync(cancellationToken);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        await output.FlushAsync(cancellationToken);
    }
}
