using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Keeps streams out of <c>http.server.request.duration</c>: it would record each when it ends, hours later, and drown the
/// requests whose duration means something. And waits for the large answers of unary calls.
/// </summary>
internal sealed class StreamMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } method)
            return next(context);
        if (method.Method.Type == MethodType.Unary)
            return UnwrittenAnswers.FlushAsync(context, next(context));
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
            metrics.MetricsDisabled = true;
        return next(context);
    }
}
