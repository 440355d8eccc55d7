using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Metrics on <c>/metrics</c>; traces, metrics and logs over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set, by OpenTelemetry's environment
/// variables; logs with the trace id, one JSON object a line, or, in Development, lines for people, and limited in number
/// (<see cref="LogThrottle"/>).
/// </summary>
internal static class TelemetryRegistration
{
    private const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Namespace = "microservices";

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        AddLogs(builder);
        builder.Services.AddSingleton<CallMetrics>();
        builder.Services.AddValidatedOptions<TracingOptions, TracingOptionsValidator>("Tracing");

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .Clear()
                .AddService(service, Namespace, serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}")
                .AddTelemetrySdk()
                // The last goes before: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                // Without the names that are looked up: some come from strangers.
                .AddView("dns.lookup.duration", new MetricStreamConfiguration { TagKeys = ["error.type"] })
                .AddRuntimeInstrumentation()
                .AddMeter("Microservices.*", "Npgsql")
                .AddPrometheusExporter(options => options.ScopeInfoEnabled = false));
        if (builder.Configuration[EndpointKey] is { Length: > 0 } endpoint)
            Export(telemetry, endpoint, RootSampler.From(builder.Configuration, builder.Environment.IsDevelopment()));
    }

    private static void Export(OpenTelemetryBuilder telemetry, string endpoint, RootSampler sampler)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new InvalidSettingException(EndpointKey, $"must be like http://localhost:4317, but is '{endpoint}'");
        telemetry.Services.AddHttpContextAccessor();
        telemetry.Services.AddSingleton<SampledFlags>();
        telemetry
            .WithTracing(tracing => tracing
                .SetSampler(services => new EntrySampler(sampler, services.GetRequiredService<SampledFlags>()))
                .AddAspNetCoreInstrumentation(options => options.Filter = static http => !IsProbe(http.Request.Path))
                .AddGrpcClientInstrumentation(options => options.SuppressDownstreamInstrumentation = true)
                .AddHttpClientInstrumentation()
                .AddSource("Microservices.*"))
            .WithLogging(null, options =>
            {
                options.IncludeScopes = true;
                options.IncludeFormattedMessage = true;
            })
            .UseOtlpExporter();
    }

    /// <summary>What asks about the process, and not for its work: health, metrics, gRPC's health and reflection.</summary>
    private static bool IsProbe(PathString path) =>
        path.StartsWithSegments("/health") || path.StartsWithSegments("/metrics") || path.Value!.StartsWith("/grpc.", StringComparison.Ordinal);

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
