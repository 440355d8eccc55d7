namespace Microservices.Local.Render;

/// <summary>
/// What deploy/docker/compose adds to compose.yaml: every service as containers, and where Prometheus finds them. A container is called by its
/// service's name, and by its own: "microservices-orders-2".
/// </summary>
internal static class ComposeServices
{
    private const int Replicas = 2;
    private static readonly string Issuer = $"{Catalog.Origin}/";

    // Beside compose.yaml: what `keys` makes, and the passwords of the demo accounts.
    private const string Keys = ".data/keys";
    private const string Demo = ".data/demo";

    // Anchors hold within one file only, so what all services have in common stands here and not in compose.yaml.
    private static readonly string Common = $$"""
        x-service: &service
          restart: unless-stopped
          read_only: true
          # Whoever has made the keys, which nobody else reads: deploy/docker/compose says who.
          user: "${SUITE_USER:?is said by deploy/docker/compose}"
          cap_drop: [ALL]
          security_opt: [no-new-privileges:true]
          # Drain:Window 20 s, and some to spare.
          stop_grace_period: 30s
          deploy: { replicas: 2, resources: { limits: { memory: 512M } } }

        x-settings: &settings
          # On this machine, without TLS: with demo accounts.
          DOTNET_ENVIRONMENT: Development
          Auth__Authority: {{Issuer}}
          ConnectionStrings__Redis: redis:6379
          Drain__Window: 00:00:20
          EventStreams__DrainWindow: 00:00:10

        x-state-settings: &state-settings
          # The database has no password and no port to the outside: only these containers get to it.
          ConnectionStrings__Database: Host=postgres;Database=suite;Username=suite

        x-state: &state
          postgres: { condition: service_healthy }
          redis: { condition: service_healthy }


        """;

    /// <summary>The file, for <c>docker compose -f compose.yaml -f -</c>.</summary>
    public static string Render(IReadOnlyList<ServiceDefinition> services) => $$"""
        {{Common}}services:
        {{string.Join('\n', services.Select(service => Service(service, services)))}}
          prometheus:
            configs: [{ source: replicas, target: /etc/prometheus/replicas.yaml }]

        configs:
          replicas:
            content: |
        {{string.Join('\n', services.Select(Targets))}}

        secrets:
        {{string.Join('\n', services.SelectMany(Secrets).Select(secret => $"  {secret.Name}: {{ file: {Keys}/{secret.File} }}"))}}

        """;

    private static string Service(ServiceDefinition service, IReadOnlyList<ServiceDefinition> all) => string.Concat(((string[])
    [
        $$"""
          {{service.Name}}:
            <<: *service
            image: {{Image.Of(service)}}
            build: { context: ../.., dockerfile: deploy/docker/Dockerfile, args: { SERVICE: {{service.Folder}} } }
            environment:
              <<: {{(service.HasDatabase ? "[*settings, *state-settings]" : "*settings")}}
        """,
        .. service.Ports.Select(p => $"      Kestrel__Endpoints__{p.Endpoint}__Url: http://*:{p.Port}"),
        .. all.Where(s => service.Backends.Contains(s.Project)).Select(b => $"      Backends__{b.Project}__Addresses__0: dns:///{b.Name}:{b.GrpcPort}"),
        .. KeySettings.Of(service, "http", Catalog.Identity.Name).Select(setting => $"      {setting.Name}: {setting.Value}"),
        .. service == Catalog.Identity ? IdentitySettings : [],
        .. service.HasDatabase ? (string[])["    depends_on: *state"] : [],
        .. Secrets(service).Any() ? (string[])["    secrets:", .. Secrets(service).Select(secret => $"      - {{ source: {secret.Name}, target: {secret.Target} }}")] : [],
        .. service == Catalog.Identity ? (string[])[$"    volumes: [\"./{Keys}/public:{KeySettings.WorkloadKeys}:ro\", \"./{Demo}:/demo\"]"] : [],
        // One port of this machine for each replica; the gateway forwards Identity's.
        .. service.HttpPort is { } http && service != Catalog.Identity ? (string[])[$"    ports: [\"127.0.0.1:{http}-{http + Replicas - 1}:{http}\"]"] : [],
    ]).Select(line => $"{line}\n"));

    private static string[] IdentitySettings =>
    [
        $"      Identity__Issuer: {Issuer}",
        "      Identity__DemoDirectory: /demo",
        // The gateway, wherever compose has its network.
        .. ((string[])["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]).Select((network, i) => $"      Proxies__Trusted__{i}: {network}"),
    ];

    // Its own private keys, and no other's.
    private static IEnumerable<(string Name, string File, string Target)> Secrets(ServiceDefinition service) =>
    [
        ($"{service.Name}-key", $"{service.Name}.key.json", KeySettings.KeyFile),
        .. service.Seals
            ? ((string, string, string)[])[($"{service.Name}-certificate", $"{service.Name}.pem", KeySettings.CertificateFile), ($"{service.Name}-certificate-key", $"{service.Name}-key.pem", KeySettings.PrivateKeyFile)]
            : [],
    ];

    private static string Targets(ServiceDefinition service) => $$"""
              - labels: { job: {{service.Name}} }
                targets: [{{string.Join(", ", Enumerable.Range(1, Replicas).Select(n => $"microservices-{service.Name}-{n}:{service.ManagementPort}"))}}]
        """;
}
