using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Local;

/// <summary>The plan as Aspire's model: an executable for each replica, and the embedded Redis.</summary>
internal static class AppHost
{
    /// <summary>Makes the application; nothing runs yet.</summary>
    public static DistributedApplication Build(Plan plan)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = [.. Settings(plan).Select(setting => $"--{setting.Key}={setting.Value}")],
            DisableDashboard = !plan.Options.Dashboard,
            DashboardApplicationName = "Microservices",
        });
        builder.Services.AddSingleton(plan);
        builder.Services.AddSingleton(new Terminal(plan.Replicas.Select(r => r.Name)));
        builder.Services.AddSingleton<Suite>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Suite>());
        builder.Services.AddHostedService<ConsoleLogs>();
        builder.Services.AddHostedService<Orchestrator>();

        if (plan.Options.Redis is null)
            AddRedis(builder, plan);
        foreach (var replica in plan.Replicas)
            AddReplica(builder, replica, plan);
        return builder.Build();
    }

    private static Dictionary<string, string> Settings(Plan plan)
    {
        var settings = new Dictionary<string, string>
        {
            ["environment"] = Environments.Development,
            ["ASPIRE_VERSION_CHECK_DISABLED"] = "true",
            ["DcpPublisher:WaitForResourceCleanup"] = "true",
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
            // It throws what it logs; a stop while it starts is no failure.
            ["Logging:LogLevel:Microsoft.Extensions.Hosting"] = "None",
            // Its errors are of an orchestrator that has ended, which the suite says in one line.
            ["Logging:LogLevel:Aspire.Hosting.Dcp"] = "Critical",
            // Warns of what is wanted here: no login, and no encryption of its cookies' keys.
            ["Logging:LogLevel:Aspire.Hosting.Dashboard"] = "Error",
            ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",
        };
        if (plan.Options.Parent is { } parent)
            settings["ASPIRE_CLI_PID"] = parent.ToString(CultureInfo.InvariantCulture);
        if (plan.Options.Dashboard)
        {
            // Nobody but this machine's users reaches it.
            settings["ASPNETCORE_URLS"] = Localhost(Catalog.DashboardPort);
            settings["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = Localhost(Catalog.OtlpPort);
            settings["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true";
            settings["ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"] = "true";
        }

        return settings;
    }

    private static void AddRedis(IDistributedApplicationBuilder builder, Plan plan) =>
        builder.AddResource(new RedisResource("redis")).WithInitialState(new CustomResourceSnapshot
        {
            ResourceType = "Garnet",
            State = KnownResourceStates.Running,
            StartTimeStamp = DateTime.UtcNow,
            Properties = [new ResourcePropertySnapshot(CustomResourceKnownProperties.Source, plan.Redis)],
        });

    private static void AddReplica(IDistributedApplicationBuilder builder, Replica replica, Plan plan)
    {
        var assembly = Repository.Assembly(replica.Service);
        // Settings files lie beside the assembly and are looked for in the working directory.
        var executable = builder.AddExecutable(replica.Name, Repository.Dotnet, Path.GetDirectoryName(assembly)!, assembly)
            // Whom a service trusts is not changed.
            .WithCertificateTrustScope(CertificateTrustScope.None);
        foreach (var (endpoint, port) in replica.Ports)
        {
            // Not proxied: the service listens on the port itself.
            executable.WithEndpoint(endpoint, e => (e.Port, e.TargetPort, e.UriScheme, e.IsProxied) = (port, port, plan.Options.Tls && endpoint != "Management" ? "https" : "http", false));
        }

        if (plan.Options.Dashboard)
        {
            executable.WithOtlpExporter();
            // A service is called as in the table, whichever replica it is.
            executable.WithEnvironment("OTEL_SERVICE_NAME", replica.Service.Name);
            // Aspire's would take what its caller has not: the suite's polls, of which there are many.
            executable.WithEnvironment("OTEL_TRACES_SAMPLER", "parentbased_always_on");
        }

        foreach (var (name, value) in replica.Settings)
            executable.WithEnvironment(name, value);

        builder.Services.AddHealthChecks().AddCheck(replica.Name, new Readiness(replica));
        executable.WithHealthCheck(replica.Name);
    }

    private static string Localhost(int port) => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");

    private sealed class RedisResource(string name) : Resource(name);
}
