namespace Microservices.Local;

/// <summary>One service of the suite: what it listens on and needs. What is not said follows from its project and its gRPC port.</summary>
/// <param name="Project">Its project and its assembly, and what its callers' settings call it: "Orders".</param>
/// <param name="GrpcPort">Its port for gRPC.</param>
internal sealed record ServiceDefinition(string Project, int GrpcPort)
{
    /// <summary>What its processes, its images, its objects in Kubernetes and its metrics are called: "orders".</summary>
    public string Name => Project.ToLowerInvariant();

    /// <summary>Where its project is, from the root of the repository.</summary>
    public string Folder { get; init; } = $"services/{Project}";

    /// <summary>Its port for HTTP/1.1: health and metrics.</summary>
    public int ManagementPort { get; init; } = GrpcPort + 4000;

    /// <summary>Its port of HTTP/1.1 for people and browsers: REST, SSE, pages.</summary>
    public int? HttpPort { get; init; }

    /// <summary>Whether it keeps a database of its own, and tells of its changes through Redis, which all know.</summary>
    public bool HasDatabase { get; init; } = true;

    /// <summary>Whether it seals secrets that its database keeps, by a certificate of its own: settings <c>CertificateFile</c> and <c>PrivateKeyFile</c> of the section with its project's name.</summary>
    public bool Seals { get; init; }

    /// <summary>Whether it calls addresses that strangers give, anywhere on the internet.</summary>
    public bool CallsStrangers { get; init; }

    /// <summary>The projects of the services that it calls.</summary>
    public string[] Backends { get; init; } = [];

    /// <summary>Whether it forwards what Identity serves over HTTP, so that browsers have one origin.</summary>
    public bool ForwardsIdentity { get; init; }

    /// <summary>All its ports, by the names that Kestrel's configuration has for them.</summary>
    public IEnumerable<(string Endpoint, int Port)> Ports =>
    [
        .. HttpPort is { } http ? [("Http", http)] : Array.Empty<(string, int)>(),
        ("Grpc", GrpcPort),
        ("Management", ManagementPort),
    ];
}
