namespace Microservices.Local;

/// <summary>One service of the suite: where its project is and what it listens on and needs.</summary>
internal sealed record ServiceDefinition(string Name, string Folder, string Assembly)
{
    /// <summary>gRPC without TLS (h2c).</summary>
    public required int GrpcPort { get; init; }

    /// <summary>HTTP/1.1: health and metrics.</summary>
    public required int ManagementPort { get; init; }

    /// <summary>HTTP/1.1 for people and browsers: REST, SSE, pages.</summary>
    public int? HttpPort { get; init; }

    /// <summary>Whether it keeps a database of its own.</summary>
    public bool HasDatabase { get; init; }

    /// <summary>The services that it calls; they stand before it in <see cref="Catalog.Services"/>.</summary>
    public string[] Backends { get; init; } = [];
}

/// <summary>The table of services: a new one is a line here and a project reference in Local.csproj.</summary>
internal static class Catalog
{
    /// <summary>The port of the embedded Redis.</summary>
    public const int RedisPort = 6399;

    /// <summary>What a further replica adds to each of its ports.</summary>
    public const int ReplicaStep = 100;

    /// <summary>Beyond this the ports of one service would reach those of another.</summary>
    public const int MaxReplicas = 9;

    /// <summary>In the order of dependency: who is called comes before who calls.</summary>
    public static IReadOnlyList<ServiceDefinition> Services { get; } =
    [
        new("users", "services/Users", "Users") { GrpcPort = 5001, ManagementPort = 9001, HasDatabase = true },
        new("orders", "services/Orders", "Orders") { GrpcPort = 5002, ManagementPort = 9002, HasDatabase = true, Backends = ["users"] },
        new("notifications", "services/Notifications", "Notifications") { GrpcPort = 5003, ManagementPort = 9003, HasDatabase = true, Backends = ["orders"] },
        new("gateway", "gateway", "Gateway") { GrpcPort = 8081, ManagementPort = 9080, HttpPort = 8080, Backends = ["users", "orders", "notifications"] },
    ];
}
