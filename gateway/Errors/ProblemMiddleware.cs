using System.Globalization;
using Google.Rpc;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microservices.Gateway.Bff;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Errors;
using Microsoft.AspNetCore.Connections;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Errors;

/// <summary>
/// Answers every HTTP request that fails, for whatever reason, with application/problem+json. gRPC calls pass: their errors are
/// mapped by Hosting.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        var isGrpc = context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null;
        if (isGrpc && HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            await next(context);
            return;
        }

        try
        {
            RequestLimits.Check(context);
            if (isGrpc)
            {
                // There is no gRPC at the port that speaks HTTP/1.1.
                await WriteAsync(context, Problem.From(ProblemTypes.Of(StatusCodes.Status404NotFound)));
                return;
            }

            await next(context);
            NameHead(context.Response);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
                await WriteAsync(context, Problem.From(ProblemTypes.Of(context.Response.StatusCode)));
        }
        catch (Exception exception) when (exception is ConnectionResetException
            || (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or RpcException or IOException or BadHttpRequestException))
        {
            // Nobody is there to be answered. Code that reads a body may learn that the connection is gone before the request is aborted.
            LogGone(context.Request.Method, context.Request.Path);
            // Else the server would read on in the body, where a read has just failed, and log that as an error.
            context.Abort();
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, exception);
        }
    }

    // Where there is GET, there is HEAD.
    private static void NameHead(Microsoft.AspNetCore.Http.HttpResponse response)
    {
        if (response is { HasStarted: false, StatusCode: StatusCodes.Status405MethodNotAllowed } && response.Headers.Allow.ToString() is var allow && allow.Contains("GET", StringComparison.Ordinal))
            response.Headers.Allow = allow.Replace("GET", "GET, HEAD", StringComparison.Ordinal);
    }

    private Task WriteAsync(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case InvalidRequestException invalid:
                return WriteAsync(context, Problem.From(invalid));
            case BadHttpRequestException bad:
                // RFC 9110, 15.5.16: what would have been taken.
                if (bad.StatusCode == StatusCodes.Status415UnsupportedMediaType)
                    context.Response.Headers.AcceptEncoding = "identity";
                return WriteAsync(context, Problem.From(ProblemTypes.Of(bad.StatusCode)));
            case StatusException or RpcException:
                var status = GatewayErrors.ToStatus(exception);
                if (!GatewayErrors.IsAboutTheRequest((StatusCode)status.Code))
                    LogFailed(context.Request.Method, context.Request.Path, (StatusCode)status.Code, exception.Message);
                return WriteAsync(context, status);
            default:
                LogUnexpected(context.Request.Method, context.Request.Path, exception);
                return WriteAsync(context, Problem.From(ProblemTypes.Of(StatusCodes.Status500InternalServerError)));
        }
    }

    /// <summary>Answers with the problem that a gRPC status is over HTTP.</summary>
    public static Task WriteAsync(HttpContext context, Status status)
    {
        var problem = Problem.From(status);
        if (problem.Status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
        {
            var delay = status.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan() ?? RetryAfter;
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return WriteAsync(context, problem);
    }

    private static Task WriteAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        if (problem.Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(problem, GatewayJson.Default.Problem, "application/problem+json");
    }

    [LoggerMessage(LogLevel.Information, "{Method} {Path}: the caller hung up")]
    private partial void LogGone(string method, string path);

    [LoggerMessage(LogLevel.Warning, "{Method} {Path} failed with {Code}: {Cause}")]
    private partial void LogFailed(string method, string path, StatusCode code, string cause);

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    private partial void LogUnexpected(string method, string path, Exception exception);
}

internal static class ProblemRegistration
{
    public static void UseProblems(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<SessionMiddleware>();
        app.UseMiddleware<CallersMiddleware>();
        RejectedRequests.UseIn(app);
    }
}
