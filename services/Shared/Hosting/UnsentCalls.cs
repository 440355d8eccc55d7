using System.Net.Sockets;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Microservices.Hosting;

/// <summary>
/// Retries unary calls that reached no replica: while a replica stops, a call may be given a connection that has just closed. No replica
/// has received such a call, so that retrying it is safe whatever it does; only the caller may repeat one that may have been received. Retries
/// are bounded by the call's deadline, and by a second in all. Thread-safe.
/// </summary>
internal sealed class UnsentCalls(TimeProvider time) : Interceptor
{
    // The balancer takes a moment to notice that a replica is gone, and up to its own backoff to notice that one is back.
    private static readonly TimeSpan[] RetryDelays = [.. ((double[])[10, 40, 100, 250, 600]).Select(TimeSpan.FromMilliseconds)];

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var call = continuation(request, context);
        var response = AnswerAsync();
        return new AsyncUnaryCall<TResponse>(
            response, HeadersAsync(), () => call.GetStatus(), () => call.GetTrailers(), () => call.Dispose());

        async Task<TResponse> AnswerAsync()
        {
            for (var attempt = 0; ; attempt++)
            {
                try
                {
                    return await call.ResponseAsync;
                }
                catch (RpcException exception) when (attempt < RetryDelays.Length && IsUnsent(exception))
                {
                    await Task.Delay(RetryDelays[attempt], time, context.Options.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    call.Dispose();
                    call = continuation(request, context);
                }
            }
        }

        async Task<Metadata> HeadersAsync()
        {
            await ((Task)response).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return await call.ResponseHeadersAsync;
        }
    }

    /// <summary>Whether the call failed because no connection could be made. gRPC calls it INTERNAL where TLS was the reason, such as a replica that stops in between.</summary>
    private static bool IsUnsent(RpcException exception) => exception is
    {
        StatusCode: StatusCode.Unavailable,
        Status.DebugException: SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError },
    }
    or { Status.DebugException: HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } };
}
