using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Hosting;

/// <summary>
/// The management port: <c>/health/live</c>, <c>/health/ready</c> and <c>/metrics</c> over HTTP/1.1, and nothing else. The other
/// ports do not answer these paths.
/// </summary>
internal static class ManagementPort
{
    public static void UseManagementPort(this WebApplication app) =>
        app.MapWhen(context => context.ArrivedOn(Endpoints.Management), management =>
        {
            // Liveness depends on nothing outside the process, since restarting it would mend nothing there.
            management.UseHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync });
            management.UseHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync });
            management.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
            management.Run(context =>
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return context.Response.WriteAsync("This port has /health/live, /health/ready and /metrics.\n");
            });
        });

    // {"status":"Degraded","checks":{"database":{"status":"Healthy"},"redis":{"status":"Degraded","description":"..."}}}
    private static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", report.Status.ToString());
        json.WriteStartObject("checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartObject(name);
            json.WriteString("status", entry.Status.ToString());
            if (entry.Description is not null)
                json.WriteString("description", entry.Description);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }
}
