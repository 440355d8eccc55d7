using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Hosting;

/// <summary>Registers classes of metrics.</summary>
public static class MetricsRegistration
{
    /// <summary>
    /// Adds a singleton whose instruments are there before the process is ready, whether or not anybody has used them: a rate shows a counter's first step only if it was there
    /// before.
    /// </summary>
    public static WebApplicationBuilder AddMetrics<TMetrics>(this WebApplicationBuilder builder)
        where TMetrics : class
    {
        builder.Services.AddSingleton<TMetrics>();
        return builder.AddWarmUp<TMetrics>((_, _) => Task.CompletedTask);
    }
}
