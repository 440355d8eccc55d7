using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microservices.Hosting.Admission;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Keeps streams out of <c>http.server.request.duration</c>, which would record each stream when it ends, hours later, and so bury the
/// requests whose duration matters. Unary calls are served until their answers are on their way (<see cref="UnaryAnswers"/>).
/// </summary>
internal sealed class StreamMiddleware(RequestDelegate next, UnaryAnswers answers)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { } method)
            return next(context);
        if (method.Method.Type == MethodType.Unary)
            return answers.ServeAsync(context, next);
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
            metrics.MetricsDisabled = true;
        return next(context);
    }
}
