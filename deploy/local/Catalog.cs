namespace Microservices.Local;

/// <summary>The table of services: a new one is a line here.</summary>
internal static class Catalog
{
    /// <summary>The port of the embedded Redis.</summary>
    public const int RedisPort = 6399;

    /// <summary>The port of Aspire's dashboard: its pages.</summary>
    public const int DashboardPort = 18888;

    /// <summary>The port where the dashboard takes telemetry (OTLP over gRPC).</summary>
    public const int OtlpPort = 18889;

    /// <summary>What a further replica adds to each of its ports.</summary>
    public const int ReplicaStep = 100;

    /// <summary>Beyond this the ports of one service would reach those of another.</summary>
    public const int MaxReplicas = 9;

    /// <summary>In the order of dependency: who is called comes before who calls.</summary>
    public static IReadOnlyList<ServiceDefinition> Services { get; } =
    [
        new("Users", 5001),
        new("Identity", 5009) { HttpPort = 8089, Seals = true, Backends = ["Users"] },
        new("Orders", 5002) { Backends = ["Users"] },
        new("Notifications", 5003) { Backends = ["Orders"] },
        new("Webhooks", 5006) { Seals = true, CallsStrangers = true, Backends = ["Users", "Orders", "Notifications"] },
        new("Jobs", 5008),
        new("Gateway", 8081) { Folder = "gateway", ManagementPort = 9080, HttpPort = 8080, HasDatabase = false, ForwardsIdentity = true, Backends = ["Users", "Orders", "Notifications", "Identity", "Webhooks", "Jobs"] },
    ];

    /// <summary>Who issues tokens.</summary>
    public static ServiceDefinition Identity { get; } = Services.Single(s => s.Project == "Identity");

    /// <summary>Where people and browsers come in: the gateway's address on this machine, and the issuer of tokens. Without TLS.</summary>
    public static string Origin { get; } = $"http://localhost:{Services.Single(s => s.ForwardsIdentity).HttpPort}";
}
