using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Metrics on <c>/metrics</c>; traces over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set; logs with the trace id, one JSON object a
/// line, or, in Development, lines for people, and limited in number (<see cref="LogThrottle"/>).
/// </summary>
internal static class TelemetryRegistration
{
    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        AddLogs(builder);
        builder.Services.AddSingleton<CallMetrics>();

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service, serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}"))
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter("Microservices.*", "Npgsql")
                .AddPrometheusExporter(options => options.ScopeInfoEnabled = false));

        if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddSource("Microservices.*", "Npgsql")
                .AddOtlpExporter());
        }
    }

    private static void AddLogs(WebApplicationBuilder builder)
    {
        CheckLevels(builder.Configuration.GetSection("Logging"));
        builder.Services.AddValidatedOptions<LogThrottleOptions, LogThrottleOptionsValidator>("LogThrottle");
        builder.Services.AddSingleton<LoggerFactory>();
        // By the system's clock, since the clock of the process may stand still in a test.
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(services =>
            new LogThrottle(services.GetRequiredService<LoggerFactory>(), services.GetRequiredService<IOptions<LogThrottleOptions>>(), TimeProvider.System)));
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        builder.Logging.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        if (builder.Configuration["Logging:Console:FormatterName"] is null)
        {
            builder.Services.Configure<ConsoleLoggerOptions>(options =>
                options.FormatterName = builder.Environment.IsDevelopment() ? LineFormatter.FormatterName : ConsoleFormatterNames.Json);
            builder.Services.Configure<JsonConsoleFormatterOptions>(options =>
            {
                options.IncludeScopes = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";
            });
        }
    }

    // The logging library would not say which value is wrong.
    private static void CheckLevels(IConfigurationSection section)
    {
        foreach (var setting in section.GetChildren())
        {
            CheckLevels(setting);
            if (section.Key == "LogLevel" && !Enum.TryParse<LogLevel>(setting.Value, ignoreCase: true, out _))
                throw new InvalidSettingException(setting.Path, $"must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}, but is '{setting.Value}'");
        }
    }
}
