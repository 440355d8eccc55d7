using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Errors;

/// <summary>Turns whatever a gRPC method throws into a status with details, by <see cref="ErrorMapping"/>, and logs what nobody expected.</summary>
internal sealed partial class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception exception) when (IsOurs(context))
        {
            throw Translate(exception, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (Exception exception) when (IsOurs(context))
        {
            throw Translate(exception, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception exception) when (IsOurs(context))
        {
            throw Translate(exception, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception exception) when (IsOurs(context))
        {
            throw Translate(exception, context);
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
