using System.Data.Common;
using System.Globalization;

namespace Microservices.Local;

/// <summary>One process to run: a replica of a service, with its ports and settings.</summary>
internal sealed record Replica(ServiceDefinition Service, int Number, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>"orders", and for further replicas "orders-2".</summary>
    public string Name => Number == 1 ? Service.Name : $"{Service.Name}-{Number}";

    /// <summary>All its ports, by the names that Kestrel's configuration has for them.</summary>
    public IEnumerable<(string Endpoint, int Port)> Ports => Service.Ports.Select(p => (p.Endpoint, Shift(p.Port)));

    /// <summary>Its gRPC port.</summary>
    public int GrpcPort => Shift(Service.GrpcPort);

    /// <summary>Its port for health and metrics.</summary>
    public int ManagementPort => Shift(Service.ManagementPort);

    /// <summary>Its port for REST and pages, if it has one.</summary>
    public int? HttpPort => Service.HttpPort is { } port ? Shift(port) : null;

    private int Shift(int port) => port + (Number - 1) * Catalog.ReplicaStep;
}

/// <summary>What is to be run: the processes in the order of dependency, and where their state lives.</summary>
internal sealed record Plan(LaunchOptions Options, IReadOnlyList<Replica> Replicas)
{
    // Streams that clients hold open keep a service from stopping for as long; the suite stops within 10 s.
    private const string DrainWindow = "Drain__Window";

    /// <summary>Where the services keep their files.</summary>
    public string Data => Options.Data;

    /// <summary>The keys of the services.</summary>
    public Keys Keys => new(Path.Combine(Data, "keys"));

    /// <summary>The certificates of the services, where they speak TLS.</summary>
    public Certificates Certificates => CertificatesOf(Data);

    /// <summary>Where people and browsers come in, and the issuer of tokens.</summary>
    public string Origin => Options.Tls ? Catalog.Origin.Replace("http:", "https:", StringComparison.Ordinal) : Catalog.Origin;

    /// <summary>Where Redis is.</summary>
    public string Redis => Options.Redis ?? string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Catalog.RedisPort}");

    /// <summary>Whether Identity makes demo accounts: it does in Development only.</summary>
    public static bool HasDemoAccounts => EnvironmentName == "Development";

    private static string EnvironmentName => Variable("ASPNETCORE_ENVIRONMENT") ?? Variable("DOTNET_ENVIRONMENT") ?? "Development";

    /// <summary>Where the passwords of the demo accounts are, in a data directory.</summary>
    public static string DemoOf(string data) => Path.Combine(data, "demo");

    /// <summary>The certificates in a data directory, or in one of keys.</summary>
    public static Certificates CertificatesOf(string directory) => new(Path.Combine(directory, "tls"));

    /// <summary>Works out who runs where, and with which settings.</summary>
    public static Plan For(LaunchOptions options)
    {
        var plan = new Plan(options, []);
        var replicas = Catalog.Services
            .SelectMany(s => Enumerable.Range(1, options.Replicas.GetValueOrDefault(s.Name, 1)).Select(n => new Replica(s, n, new Dictionary<string, string>())))
            .ToArray();
        return plan with { Replicas = [.. replicas.Select(r => r with { Settings = plan.SettingsFor(r, replicas) })] };
    }

    /// <summary>A service's message about a setting, with the launcher's option that has set it in place of the setting's key.</summary>
    public string ByOption(string message) => message
        .Replace("ConnectionStrings:Redis", Options.Redis is null ? "the embedded Redis" : "--redis", StringComparison.Ordinal)
        .Replace("ConnectionStrings:Database", Options.Postgres is null ? "--data" : "--postgres", StringComparison.Ordinal);

    private Dictionary<string, string> SettingsFor(Replica replica, Replica[] all)
    {
        var settings = replica.Ports.ToDictionary(p => $"Kestrel__Endpoints__{p.Endpoint}__Url", p => p.Endpoint == "Management" ? Loopback(p.Port) : Address(p.Port));
        settings["ConnectionStrings__Redis"] = Redis;
        if (replica.Service.HasDatabase)
            settings["ConnectionStrings__Database"] = Options.Postgres ?? Sqlite(replica.Service);

        foreach (var backend in Catalog.Services.Where(s => replica.Service.Backends.Contains(s.Project)))
        {
            foreach (var (i, to) in all.Where(r => r.Service == backend).Index())
                settings[string.Create(CultureInfo.InvariantCulture, $"Backends__{backend.Project}__Addresses__{i}")] = Address(to.GrpcPort);
        }

        AddIdentity(settings, replica.Service);
        if (Options.Tls)
            (settings["Tls__CertificateFile"], settings["Tls__KeyFile"], settings["Tls__CaFile"]) = (Certificates.Of(replica.Service), Certificates.KeyOf(replica.Service), Certificates.Authority);
        if (Options.Redis is null)
        {
            // As much as the launcher has for it: see EmbeddedRedis.
            foreach (var (budget, bytes) in EmbeddedRedis.Budgets)
                SetUnlessSet(settings, budget, bytes.ToString(CultureInfo.InvariantCulture));
        }

        SetUnlessSet(settings, DrainWindow, "00:00:02");
        // What the terminal shows beside the dashboard.
        SetUnlessSet(settings, "Logging__Console__LogToStandardErrorThreshold", "Warning");
        // Aspire keeps both from the services.
        settings["ASPNETCORE_ENVIRONMENT"] = EnvironmentName;
        return settings;
    }

    private void AddIdentity(Dictionary<string, string> settings, ServiceDefinition service)
    {
        // Settings of the environment win: the authority may be another one.
        var identity = Address(Catalog.Identity.HttpPort!.Value);
        var issuer = Variable("Identity__Issuer") ?? Origin;
        SetUnlessSet(settings, "Auth__Authority", $"{issuer.TrimEnd('/')}/");
        if (service != Catalog.Identity && Variable("Auth__KeysFile") is null)
            SetUnlessSet(settings, "Auth__KeysAddress", $"{identity}/.well-known/jwks");
        // Another authority says nothing of the kind.
        if (service != Catalog.Identity && Variable("Auth__KeysAddress") is null && Variable("Auth__KeysFile") is null)
            SetUnlessSet(settings, "Auth__RevocationsAddress", Address(Catalog.Identity.GrpcPort));
        SetUnlessSet(settings, "Auth__TokenAddress", $"{identity}/connect/token");
        if (Variable("Auth__TokenFile") is null)
            settings["Auth__KeyFile"] = Keys.Of(service);
        if (service.Seals && Variable($"{service.Project}__CertificateFile") is null)
            (settings[$"{service.Project}__CertificateFile"], settings[$"{service.Project}__PrivateKeyFile"]) = (Keys.CertificateOf(service), Keys.CertificateKeyOf(service));
        if (service.ForwardsIdentity)
            SetUnlessSet(settings, "Authority__Address", identity);
        if (service != Catalog.Identity)
            return;
        settings["Identity__Issuer"] = issuer;
        settings["Identity__WorkloadKeys"] = Keys.Public;
        if (HasDemoAccounts)
            settings["Identity__DemoDirectory"] = DemoOf(Data);
    }

    // Through the builder: a directory may be called "a;b".
    private string Sqlite(ServiceDefinition service) =>
        new DbConnectionStringBuilder { ["Data Source"] = Path.Combine(Data, service.Name + ".db") }.ConnectionString;

    private string Address(int port) => Options.Tls ? Loopback(port).Replace("http:", "https:", StringComparison.Ordinal) : Loopback(port);

    private static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    // The environment is the services', too.
    private static void SetUnlessSet(Dictionary<string, string> settings, string name, string value)
    {
        if (Variable(name) is null)
            settings[name] = value;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
