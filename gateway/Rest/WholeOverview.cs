using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microservices.Gateway.Overviews;

namespace Microservices.Gateway.Rest;

/// <summary>
/// A complete overview as the body of an answer: byte for byte what <see cref="GatewayJson"/> makes of it, put together from the JSON of its
/// parts, which is made once for each state of a part.
/// </summary>
internal sealed class WholeOverview(OverviewResult overview) : IResult
{
    private static ReadOnlySpan<byte> Start => "{\"userId\":\""u8;

    private static ReadOnlySpan<byte> Complete => "\",\"complete\":true"u8;

    private static ReadOnlySpan<byte> BeforeUser => ",\"user\":"u8;

    private static ReadOnlySpan<byte> BeforeOrders => ",\"orders\":"u8;

    private static ReadOnlySpan<byte> End => "}"u8;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var userId = JsonEncodedText.Encode(overview.UserId);
        var user = overview.User.Answer is { } u ? u.Json ??= Part(new UserPart { Status = PartStatus.Ok, Data = u.Data.ToJson() }, GatewayJson.Default.UserPart) : null;
        var orders = overview.Orders.Answer is { } o ? o.Json ??= Part(new OrdersPart { Status = PartStatus.Ok, Data = o.Data.Orders.ToJson(), Truncated = o.Data.Truncated ? true : null }, GatewayJson.Default.OrdersPart) : null;

        var response = httpContext.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = Start.Length + userId.EncodedUtf8Bytes.Length + Complete.Length + End.Length
            + (user is null ? 0 : BeforeUser.Length + user.Length) + (orders is null ? 0 : BeforeOrders.Length + orders.Length);
        if (response.ContentLength > ReaderPace.ChunkBytes)
        {
            var json = new ReadOnlyMemory<byte>?[] { Start.ToArray(), userId.EncodedUtf8Bytes.ToArray(), Complete.ToArray(), user is null ? null : BeforeUser.ToArray(), user, orders is null ? null : BeforeOrders.ToArray(), orders, End.ToArray() };
            await ReaderPace.WriteAsync(httpContext, token => WriteAsync(response.BodyWriter, json, token));
            return;
        }

        // Once the response has started, it hands out the connection's own memory.
        await response.StartAsync(httpContext.RequestAborted);
        Write(response.BodyWriter, (int)response.ContentLength, userId.EncodedUtf8Bytes, user, orders);
        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    private static byte[] Part<T>(T part, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(part, type);

    private static void Write(PipeWriter to, int length, ReadOnlySpan<byte> userId, byte[]? user, byte[]? orders)
    {
        var rest = to.GetSpan(length);
        Append(Start, ref rest);
        Append(userId, ref rest);
        Append(Complete, ref rest);
        if (user is not null)
        {
            Append(BeforeUser, ref rest);
            Append(user, ref rest);
        }

        if (orders is not null)
        {
            Append(BeforeOrders, ref rest);
            Append(orders, ref rest);
        }

        Append(End, ref rest);
        to.Advance(length);
    }

    // Other answers share the parts' JSON: only one chunk at a time is copied for this reader.
    private static async Task WriteAsync(PipeWriter to, ReadOnlyMemory<byte>?[] json, CancellationToken cancellationToken)
    {
        foreach (var piece in json)
        {
            for (var rest = piece ?? default; !rest.IsEmpty;)
            {
                var chunk = rest[..Math.Min(rest.Length, ReaderPace.ChunkBytes)];
                await to.WriteAsync(chunk, cancellationToken);
                rest = rest[chunk.Length..];
            }
        }
    }

    private static void Append(ReadOnlySpan<byte> bytes, ref Span<byte> rest)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }
}
