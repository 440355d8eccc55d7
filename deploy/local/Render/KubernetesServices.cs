namespace Microservices.Local.Render;

/// <summary>
/// deploy/k8s/base/services.yaml: the objects of every service, as far as they differ from those of any other. What all have in common stands
/// beside it, written by hand, and is merged into it by its kustomization.yaml.
/// </summary>
internal static class KubernetesServices
{
    /// <summary>The scheme of the addresses that have TLS where the component mtls is: Kubernetes puts in what the ConfigMap <c>settings</c> has.</summary>
    public const string Scheme = "$(SCHEME)";

    private const string Header = """
        # What differs between services, rendered from their table, deploy/local/Catalog.cs: dotnet run --project deploy/local -- render kubernetes

        """;

    /// <summary>The file of these services.</summary>
    public static string Render(IReadOnlyList<ServiceDefinition> services) =>
        Header + string.Concat(services.SelectMany(service => Objects(service, services)).Select(o => $"---\n{o}\n"));

    private static IEnumerable<string> Objects(ServiceDefinition service, IReadOnlyList<ServiceDefinition> all) =>
    [
        Deployment(service, all),
        .. service.HttpPort is null ? [Headless(service, HeadlessName(service), "grpc", "management")] : (string[])[Balanced(service), Headless(service, HeadlessName(service), "grpc")],
        .. service.HasDatabase ? (string[])[Migration(service)] : [],
        NetworkPolicy(service, all),
        Account(service),
        DisruptionBudget(service),
        Autoscaler(service),
    ];

    private static string Deployment(ServiceDefinition service, IReadOnlyList<ServiceDefinition> all) => $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{service.Name}}
          labels: { {{Labels(service, service.Name, "service")}} }
        spec:
          selector: { matchLabels: { app.kubernetes.io/name: {{service.Name}} } }
          template:
            metadata:
              labels: { {{Labels(service, service.Name, "service")}} }
            spec:
              serviceAccountName: {{service.Name}}
              containers:
                - name: service
                  image: {{Image.Of(service)}}
                  ports:
        {{Lines(12, service.Ports.Select(p => $"{{ name: {p.Endpoint.ToLowerInvariant()}, containerPort: {p.Port} }}"))}}
                  env:
        {{Lines(12, Settings(service, all))}}
                  startupProbe: { grpc: { port: {{service.GrpcPort}}, service: liveness } }
                  livenessProbe: { grpc: { port: {{service.GrpcPort}}, service: liveness } }
                  readinessProbe: { grpc: { port: {{service.GrpcPort}} } }{{KubernetesKeys.Files(service)}}
        """;

    private static IEnumerable<string> Settings(ServiceDefinition service, IReadOnlyList<ServiceDefinition> all) =>
    [
        .. service.Ports.Select(p => $"{{ name: Kestrel__Endpoints__{p.Endpoint}__Url, value: \"{(p.Endpoint == "Management" ? "http" : Scheme)}://*:{p.Port}\" }}"),
        .. Called(service, all).Select(b => $"{{ name: Backends__{b.Project}__Addresses__0, value: \"dns:///{HeadlessName(b)}:{b.GrpcPort}\" }}"),
        .. service.HasDatabase ? (string[])[Secret("Database", $"{service.Name}-database")] : [],
        Secret("Redis", "redis"),
        .. KubernetesKeys.Settings(service),
    ];

    // Its name has the address of every replica that is ready: a gRPC client keeps a stream to each.
    private static string Headless(ServiceDefinition service, string name, params string[] ports) => $$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {{name}}
          labels: { app.kubernetes.io/name: {{name}}, app.kubernetes.io/component: service }
        spec:
          clusterIP: None
          selector: { app.kubernetes.io/name: {{service.Name}} }
          ports:
        {{Lines(4, ServicePorts(service).Where(p => ports.Contains(p.Name)).Select(p => p.Port))}}
        """;

    // Of a service that has HTTP as well, its own name is that of the one address.
    private static string HeadlessName(ServiceDefinition service) => service.HttpPort is null ? service.Name : $"{service.Name}-grpc";

    private static string Balanced(ServiceDefinition service) => $$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {{service.Name}}
          labels: { app.kubernetes.io/name: {{service.Name}}, app.kubernetes.io/component: service }
        spec:
          selector: { app.kubernetes.io/name: {{service.Name}} }
          ports:
        {{Lines(4, ServicePorts(service).Where(p => p.Name != "grpc").Select(p => p.Port))}}
        """;

    private static IEnumerable<(string Name, string Port)> ServicePorts(ServiceDefinition service) =>
        from port in service.Ports
        let name = port.Endpoint.ToLowerInvariant()
        let protocol = name switch { "http" => ", appProtocol: http", "grpc" => ", appProtocol: kubernetes.io/h2c", _ => "" }
        select (name, $"{{ name: {name}, port: {port.Port}, targetPort: {name}{protocol} }}");

    private static string Migration(ServiceDefinition service) => $$"""
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {{service.Name}}-migration
          labels: { {{Labels(service, $"{service.Name}-migration", "migration")}} }
        spec:
          template:
            metadata:
              labels: { {{Labels(service, $"{service.Name}-migration", "migration")}} }
            spec:
              serviceAccountName: {{service.Name}}
              containers:
                - name: migration
                  image: {{Image.Of(service)}}
                  env:
        {{Lines(12, [Secret("Database", $"{service.Name}-database"), .. KubernetesKeys.MigrationSettings(service)])}}{{KubernetesKeys.MigrationFiles(service)}}
        """;

    private static string NetworkPolicy(ServiceDefinition service, IReadOnlyList<ServiceDefinition> all) => string.Join('\n', (string[])
    [
        $$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: {{service.Name}}
        spec:
          podSelector: { matchLabels: { app.kubernetes.io/name: {{service.Name}} } }
          policyTypes: [Ingress, Egress]
        """,
        .. Rules("ingress",
        [
            // Who serves people is called from anywhere: from the cluster's ingress, in the first place.
            .. IsPublic(service) ? (string[])["    - ports: [{ port: http }, { port: grpc }]"] : [.. Rule("from", "grpc", all.Where(s => service == Catalog.Identity ? s != service : s.Backends.Contains(service.Project)))],
            // For keys, for tokens, and for its pages, which the gateway forwards; all ask it at its gRPC port as well what it has revoked.
            .. service == Catalog.Identity ? Rule("from", "http", all.Where(s => s != service)) : [],
        ]),
        .. Rules("egress", [.. Rule("to", "grpc", all.Where(s => service.Backends.Contains(s.Project) || (s == Catalog.Identity && s != service))), .. service == Catalog.Identity ? [] : Rule("to", "http", [Catalog.Identity]), .. service.CallsStrangers ? Internet : []]),
    ]);

    // The addresses and ports that the process itself calls (services/Shared/Egress): public ones.
    private static string[] Internet =>
    [
        "    - to:",
        "        - ipBlock:",
        "            cidr: 0.0.0.0/0",
        "            except:",
        Lines(14,
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        ]),
        "        - ipBlock: { cidr: \"2000::/3\", except: [\"2001::/23\", \"2001:db8::/32\", \"2002::/16\", \"3fff::/20\"] }",
        "      ports: [{ port: 443 }, { port: 1024, endPort: 65535 }]",
    ];

    private static bool IsPublic(ServiceDefinition service) => service.HttpPort is not null && service != Catalog.Identity;

    private static IEnumerable<string> Rules(string direction, string[] rules) => rules is [] ? [] : [$"  {direction}:", .. rules];

    private static IEnumerable<string> Rule(string peers, string port, IEnumerable<ServiceDefinition> services) => !services.Any() ? [] :
    [
        $"    - {peers}:",
        Lines(8, services.Select(s => $"podSelector: {{ matchLabels: {{ app.kubernetes.io/name: {s.Name} }} }}")),
        $"      ports: [{{ port: {port} }}]",
    ];

    private static string Account(ServiceDefinition service) => $"""
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: {service.Name}
        automountServiceAccountToken: false
        """;

    private static string DisruptionBudget(ServiceDefinition service) => $$"""
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: {{service.Name}}
        spec:
          maxUnavailable: 1
          selector: { matchLabels: { app.kubernetes.io/name: {{service.Name}} } }
        """;

    private static string Autoscaler(ServiceDefinition service) => $$"""
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: {{service.Name}}
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{service.Name}} }
        """;

    private static IEnumerable<ServiceDefinition> Called(ServiceDefinition service, IReadOnlyList<ServiceDefinition> all) => all.Where(s => service.Backends.Contains(s.Project));

    private static string Labels(ServiceDefinition service, string name, string component) =>
        $"app.kubernetes.io/name: {name}, app.kubernetes.io/component: {component}{(service.HasDatabase ? ", uses-state: \"true\"" : "")}";

    private static string Secret(string connection, string secret) =>
        $"{{ name: ConnectionStrings__{connection}, valueFrom: {{ secretKeyRef: {{ name: {secret}, key: connection-string }} }} }}";

    // A list's items, a line each.
    private static string Lines(int indent, IEnumerable<string> items) => string.Join('\n', items.Select(item => $"{new string(' ', indent)}- {item}"));
}
