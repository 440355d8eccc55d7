using Microsoft.AspNetCore.Http;

namespace Microservices.Hosting;

/// <summary>
/// Closes HTTP/1.1 connections of a process that drains, each with its next answer (<c>Connection: close</c>). A load balancer already sends new
/// connections elsewhere, but keeps those that it has. So callers leave between two requests, before <see cref="DrainOptions.Delay"/> has
/// passed and the server stops, and none is cut off while it sends. Over HTTP/2 the server does the same without a loss (GOAWAY), and
/// streams have their own <c>draining</c>.
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
