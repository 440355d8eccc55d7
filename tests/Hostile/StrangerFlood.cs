using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Microservices.Tests.Hostile;

/// <summary>
/// Somebody at another address of this machine who sends requests that are to be refused, over and over, as fast as they are: the next when one is answered.
/// </summary>
internal sealed class StrangerFlood : IAsyncDisposable
{
    private const string From = "127.0.0.2";
    private readonly CancellationTokenSource over = new();
    private readonly HttpMessageInvoker http;
    private readonly Task sending;
    private long refused;
    private long letIn;

    /// <summary>Begins.</summary>
    /// <param name="atATime">How many requests are under way.</param>
    /// <param name="request">Makes the request of this number.</param>
    public StrangerFlood(int atATime, Func<long, HttpRequestMessage> request)
    {
        http = new(new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync, EnableMultipleHttp2Connections = true });
        var number = 0L;
        sending = Task.WhenAll(Enumerable.Range(0, atATime).Select(async _ =>
        {
            await Task.Yield();
            while (!over.IsCancellationRequested)
                await SendAsync(request(Interlocked.Increment(ref number)));
        }));
    }

    /// <summary>How many were refused so far, in whatever way.</summary>
    public long Refused => Volatile.Read(ref refused);

    /// <summary>How many were not.</summary>
    public long LetIn => Volatile.Read(ref letIn);

    /// <summary>A gRPC call of a method ("/users.v1.UsersService/GetUser"), or a stream with this as its first frame, with this header.</summary>
    public static HttpRequestMessage Call(string address, string path, byte[] body, string? authorization)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address + path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        return With(request, authorization);
    }

    /// <summary>A request of the REST API, with this header.</summary>
    public static HttpRequestMessage Get(int port, string path, string? authorization) => With(new(HttpMethod.Get, new Uri($"http://127.0.0.1:{port}{path}")), authorization);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await sending;
        http.Dispose();
        over.Dispose();
    }

    private async Task SendAsync(HttpRequestMessage request)
    {
        try
        {
            using (request)
            {
                using var response = await http.SendAsync(request, over.Token);
                await response.Content.CopyToAsync(Stream.Null, over.Token);
                Interlocked.Increment(ref IsOk(response) ? ref letIn : ref refused);
            }
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException or OperationCanceledException)
        {
            // By the server, which is one way to refuse it, or because enough was sent.
            Interlocked.Increment(ref refused);
        }
    }

    private static bool IsOk(HttpResponseMessage response) =>
        response.IsSuccessStatusCode && (response.Version != HttpVersion.Version20 || GrpcStatus(response) is null or "0");

    private static string? GrpcStatus(HttpResponseMessage response) =>
        response.TrailingHeaders.TryGetValues("grpc-status", out var status) || response.Headers.TryGetValues("grpc-status", out status) ? status.First() : null;

    private static HttpRequestMessage With(HttpRequestMessage request, string? authorization)
    {
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return request;
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(From), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
