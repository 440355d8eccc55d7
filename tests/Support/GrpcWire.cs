using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Microservices.Tests.Support;

/// <summary>A gRPC answer as it is on the wire.</summary>
/// <param name="Code">grpc-status; -1 for none.</param>
/// <param name="Message">grpc-message, decoded.</param>
/// <param name="HeaderBytes">All its headers and trailers: names and values, and 32 bytes each, as HTTP/2 counts them.</param>
/// <param name="Details">google.rpc.Status; null for none.</param>
public sealed record WireAnswer(int Code, string Message, int HeaderBytes, Google.Rpc.Status? Details)
{
    /// <summary>The messages, as they were framed.</summary>
    public byte[] Body { get; init; } = [];
}

/// <summary>gRPC without a client's care: any bytes as frames, any headers. Thread-safe.</summary>
public sealed class GrpcWire(string address) : IDisposable
{
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { MaxResponseHeadersLength = 120, UseProxy = false });

    /// <summary>A message as a frame: a flag, a length, and it.</summary>
    public static byte[] Frame(byte[] message, byte flag = 0, uint? length = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>Calls with one message, in good order.</summary>
    public Task<WireAnswer> CallAsync(string method, IMessage message) => CallAsync(method, Frame(message.ToByteArray()));

    /// <summary>Calls with these bytes and further headers, as an operator unless they say otherwise, reads to the end, and returns how it ended.</summary>
    public async Task<WireAnswer> CallAsync(string method, byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.TE.ParseAdd("trailers");
        foreach (var (name, value) in headers)
        {
            if (name != "content-type")
                request.Headers.TryAddWithoutValidation(name, value);
            else if (request.Content.Headers.Remove(name))
                request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        if (!request.Headers.Contains("authorization"))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.For(method));

        using var response = await http.SendAsync(request, default).WaitAsync(Eventually.Timeout);
        var content = await response.Content.ReadAsByteArrayAsync().WaitAsync(Eventually.Timeout);

        var all = response.Headers.Concat(response.TrailingHeaders).ToLookup(h => h.Key, h => string.Join(',', h.Value));
        return new(
            all["grpc-status"].FirstOrDefault() is { } code ? int.Parse(code, CultureInfo.InvariantCulture) : -1,
            Uri.UnescapeDataString(all["grpc-message"].FirstOrDefault() ?? ""),
            all.Sum(h => h.Sum(value => h.Key.Length + value.Length + 32)),
            all["grpc-status-details-bin"].FirstOrDefault() is { } details ? Google.Rpc.Status.Parser.ParseFrom(Base64(details)) : null)
        { Body = content };
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static byte[] Base64(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
}
