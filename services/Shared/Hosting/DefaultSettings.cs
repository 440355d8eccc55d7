using System.Globalization;
using Microservices.Hosting.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using GrpcService = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Microservices.Hosting;

/// <summary>
/// The settings that every process has unless it says otherwise: on this machine, a database file of its own, the embedded Redis, and a management port
/// 4000 above the gRPC port; everywhere, how much of what is logged. A file, the environment and the command line go before.
/// </summary>
internal static class DefaultSettings
{
    private const int ManagementPortOffset = 4000;

    /// <summary>What a service is called in tables, files and telemetry: "orders" of the package orders.v1.</summary>
    public static string NameOf(GrpcService service) => service.File.Package.Split('.')[0];

    public static void AddDefaultSettings(this ConfigurationManager configuration, GrpcService service, bool facesStrangers)
    {
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:Database"] = $"Data Source=.data/{NameOf(service)}.db",
            ["ConnectionStrings:Redis"] = "localhost:6399",
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            ["Logging:LogLevel:Grpc"] = "Warning",
            ["Logging:LogLevel:OpenIddict"] = "Warning",
            ["Logging:LogLevel:Yarp"] = "Warning",
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "Warning",
            // The spans of calls that are served have OpenTelemetry's attributes for RPC.
            ["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_ENABLE_GRPC_INSTRUMENTATION"] = "true",
            // What fails is told by whoever asked for it.
            ["Logging:LogLevel:Grpc.Net.Client"] = "None",
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Command"] = "None",
            ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        };
        if (facesStrangers)
            settings["Tracing:FollowCallers"] = nameof(FollowedCallers.None);
        if (configuration[Endpoints.UrlKey(Endpoints.Grpc)] is { } url && url.LastIndexOf(':') is > 0 and var colon
            && int.TryParse(url.AsSpan(colon + 1).TrimEnd('/'), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue - ManagementPortOffset)
            settings[Endpoints.UrlKey(Endpoints.Management)] = string.Create(CultureInfo.InvariantCulture, $"{url[..colon]}:{port + ManagementPortOffset}");
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = settings });
    }
}
