using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile;

/// <summary>Sends gRPC calls whose every byte the caller chooses, and says what was wrong with what came back.</summary>
internal sealed class GrpcSender : IDisposable
{
    // Clients with common limits fail beyond it.
    private const int MaxMetadataBytes = 8_192;
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        EnableMultipleHttp2Connections = true,
        MaxResponseHeadersLength = 128,
        UseProxy = false,
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    });

    /// <summary>A message with gRPC's prefix: flag and length.</summary>
    public static byte[] Frame(byte[] message, byte flag = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>Calls a method with a body, by somebody who may, half-closes, and reads to the end. Null when nothing was wrong.</summary>
    /// <param name="method">What is called.</param>
    /// <param name="address">The process's gRPC address.</param>
    /// <param name="body">All frames.</param>
    /// <param name="timeout">The call's deadline.</param>
    /// <param name="malformed">Whether the framing itself is broken, for which INTERNAL is right by gRPC's specification, and any answer of HTTP's below 500.</param>
    /// <param name="headers">Further headers; one may stand in for one that is always there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="expected">The only status that is right; null where several may be.</param>
    public async Task<string?> SendAsync(
        MethodDescriptor method, string address, byte[] body, TimeSpan timeout, bool malformed, IReadOnlyDictionary<string, string> headers, CancellationToken cancellationToken,
        StatusCode? expected = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{address}/{method.Service.FullName}/{method.Name}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("authorization", $"Bearer {Tokens.For(request.RequestUri!.AbsolutePath)}");
        request.Headers.TryAddWithoutValidation("grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{timeout.TotalMilliseconds:0}m"));
        foreach (var (name, value) in headers)
        {
            HttpHeaders to = name == "content-type" ? request.Content.Headers : request.Headers;
            to.Remove(name);
            to.TryAddWithoutValidation(name, value);
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(timeout + TimeSpan.FromSeconds(20));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, enough.Token);
            var answer = await response.Content.ReadAsByteArrayAsync(enough.Token);
            return Problem(method, response, answer, malformed, expected);
        }
        catch (HttpRequestException reset) when (malformed || reset.HttpRequestError is HttpRequestError.HttpProtocolError)
        {
            // A stream that was reset, as HTTP/2 answers what is no HTTP/2; a connection that is lost is not that.
            return null;
        }
        catch (HttpRequestException failed)
        {
            return $"no answer: {failed.HttpRequestError} {failed.InnerException?.Message ?? failed.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "no answer 20 s after its deadline";
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static string? Problem(MethodDescriptor method, HttpResponseMessage response, byte[] answer, bool malformed, StatusCode? expected)
    {
        if ((int)response.StatusCode >= 500)
            return $"HTTP {(int)response.StatusCode}";
        if (response.StatusCode != HttpStatusCode.OK)
            return malformed ? null : $"HTTP {(int)response.StatusCode}";

        var metadata = response.Headers.NonValidated.Concat(response.TrailingHeaders.NonValidated).Sum(h => h.Key.Length + h.Value.Sum(v => v.Length) + 32);
        if (metadata > MaxMetadataBytes)
            return "more than 8 KB of metadata";
        var text = (response.TrailingHeaders.TryGetValues("grpc-status", out var values) || response.Headers.TryGetValues("grpc-status", out values)) ? values.First() : null;
        if (text is null)
            return "no grpc-status";
        var status = (StatusCode)int.Parse(text, CultureInfo.InvariantCulture);
        if (status is StatusCode.Unknown or StatusCode.DataLoss || (status == StatusCode.Internal && !malformed))
        {
            var said = response.TrailingHeaders.TryGetValues("grpc-message", out var messages) || response.Headers.TryGetValues("grpc-message", out messages) ? messages.First() : "";
            return $"{status}: {Uri.UnescapeDataString(said)}";
        }

        if (expected is not null && status != expected)
            return $"{status}, and not {expected}";
        return Frames(answer).Select(frame => Problem(method.OutputType.Parser.ParseFrom(frame))).FirstOrDefault(problem => problem is not null);
    }

    // The last may be cut off, by the call's deadline.
    private static IEnumerable<byte[]> Frames(byte[] body)
    {
        for (var at = 0; at + 5 <= body.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            if (at + 5 + length > body.Length)
                yield break;
            yield return body[(at + 5)..(at + 5 + length)];
            at += 5 + length;
        }
    }

    // Streams answer within their frames.
    private static string? Problem(IMessage message)
    {
        if (message is Google.Rpc.Status { Code: (int)StatusCode.Unknown or (int)StatusCode.Internal or (int)StatusCode.DataLoss } status)
            return $"in a frame: {(StatusCode)status.Code}: {status.Message}";
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder().Where(f => f.FieldType == FieldType.Message && !f.IsMap))
        {
            var value = field.Accessor.GetValue(message);
            foreach (var part in value as System.Collections.IEnumerable ?? (value is null ? Array.Empty<IMessage>() : new[] { value }))
            {
                if (part is IMessage inner && Problem(inner) is { } problem)
                    return problem;
            }
        }

        return null;
    }
}
