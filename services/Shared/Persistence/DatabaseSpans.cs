using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry.Trace;

namespace Microservices.Persistence;

/// <summary>The spans of a database's commands, where traces are kept, with OpenTelemetry's stable attributes: the text of a command, never its values.</summary>
internal static class DatabaseSpans
{
    private const string Conventions = "OTEL_SEMCONV_STABILITY_OPT_IN";

    /// <summary>Those of Entity Framework, since SQLite's driver has none of its own.</summary>
    public static void AddSqlite(IServiceCollection services)
    {
        // Its default is older attributes, and it asks the environment alone.
        if (Environment.GetEnvironmentVariable(Conventions) is null)
            Environment.SetEnvironmentVariable(Conventions, "database");
        services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddEntityFrameworkCoreInstrumentation());
    }

    /// <summary>Those of Npgsql.</summary>
    public static void AddPostgres(IServiceCollection services) => services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddNpgsql());
}
