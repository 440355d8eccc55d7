using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Microservices.Gateway.Events;

/// <summary>The answer that server-sent events are the body of.</summary>
internal static class SseResponse
{
    /// <summary>Sends the headers. Nothing on the way is to keep or gather what follows.</summary>
    public static Task BeginAsync(HttpContext http)
    {
        // The duration of a stream says nothing, and would spoil the histogram of the requests.
        if (http.Features.Get<IHttpMetricsTagsFeature>() is { } tags)
            tags.MetricsDisabled = true;
        // Kestrel's own patience with readers; here it is EventsOptions.WriteTimeout.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        // Who is told to go elsewhere must not come back by the connection that it has.
        http.Response.Headers.Connection = "close";
        return http.Response.StartAsync();
    }
}
