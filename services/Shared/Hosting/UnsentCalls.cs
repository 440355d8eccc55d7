using System.Net.Sockets;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Microservices.Hosting;

/// <summary>
/// Makes a unary call again that has reached no replica: while one stops, a call may be on its way to a connection that is no more. Nobody
/// has seen it, so this is safe whatever the call does; one that may have been received is the caller's to repeat. Bounded by the
/// call's deadline, and by a second in all. Thread-safe.
/// </summary>
internal sealed class UnsentCalls(TimeProvider time) : Interceptor
{
    // The balancer needs a moment to see that a replica is gone, and up to its own backoff that one is back.
    private static readonly TimeSpan[] Waits = [.. ((double[])[10, 40, 100, 250, 600]).Select(TimeSpan.FromMilliseconds)];

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
                catch (RpcException exception) when (attempt < Waits.Length && IsUnsent(exception))
                {
                    await Task.Delay(Waits[attempt], time, context.Options.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    /// <summary>Whether no connection could be made for it.</summary>
    private static bool IsUnsent(RpcException exception) => exception is
    {
        StatusCode: StatusCode.Unavailable,
        Status.DebugException: SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError },
    };
}
