using Microsoft.AspNetCore.Http;

namespace Microservices.Hosting;

/// <summary>
/// Over HTTP/1.1 a process that drains says with every answer that its connection is at its end. A load balancer in front sends new
/// connections elsewhere by then, but leaves those that stand where they are: so callers have left, each between two requests, before
/// <see cref="DrainOptions.Delay"/> has passed and the server stops, and none is sending just then. Over HTTP/2 the server itself says so
/// without a loss (GOAWAY), and the streams have their own <c>draining</c>.
/// </summary>
internal sealed class DrainMiddleware(RequestDelegate next, Drain drain)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (drain.IsDraining && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        return next(context);
    }
}
