using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting;

/// <summary>
/// Turns whatever a gRPC method throws into a status with details, by <see cref="ErrorMapping"/>, logs what nobody expected, and feeds
/// <see cref="CallMetrics"/> with the status as the caller sees it. One interceptor for all of it, and outermost: each more keeps half a
/// kilobyte for as long as a stream is open.
/// </summary>
internal sealed partial class CallInterceptor(CallMetrics metrics, ILogger<CallInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var start = Stopwatch.GetTimestamp();
        var call = continuation(request, context);
        await WatchAsync(call, context, start);
        return await call;
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        metrics.StreamOpened(context.Method);
        var call = continuation(requestStream, context);
        await WatchAsync(call, context);
        return await call;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        metrics.StreamOpened(context.Method);
        return WatchAsync(continuation(request, responseStream, context), context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        metrics.StreamOpened(context.Method);
        return WatchAsync(continuation(requestStream, responseStream, context), context);
    }

    /// <summary>Without the time at which it began: a stream.</summary>
    private async Task WatchAsync(Task call, ServerCallContext context, long? start = null)
    {
        var code = StatusCode.Unknown;
        try
        {
            await call;
            code = context.Status.StatusCode;
        }
        catch (Exception exception) when (IsOurs(context))
        {
            var translated = Translate(exception, context);
            code = translated.StatusCode;
            throw translated;
        }
        catch (RpcException exception)
        {
            code = exception.StatusCode;
            throw;
        }
        finally
        {
            if (start is { } began)
                metrics.Answered(context.Method, code, began);
            else
                metrics.StreamEnded(context.Method, code);
        }
    }

    // Health and reflection speak for themselves.
    private static bool IsOurs(ServerCallContext context) => !context.Method.StartsWith("/grpc.", StringComparison.Ordinal);

    private RpcException Translate(Exception exception, ServerCallContext context)
    {
        var status = ErrorMapping.ToStatus(exception, context);
        if (!ErrorMapping.IsExpected(status))
            LogUnexpected(context.Method, exception);
        else if (exception is not StatusException && !context.CancellationToken.IsCancellationRequested)
            LogExpected(context.Method, (StatusCode)status.Code, exception.Message);
        return status.ToRpcException();
    }

    [LoggerMessage(LogLevel.Error, "{Method} failed unexpectedly")]
    private partial void LogUnexpected(string method, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Method} answered {Code}: {Cause}")]
    private partial void LogExpected(string method, StatusCode code, string cause);
}
