namespace Microservices.Local.Render;

/// <summary>
/// deploy/k8s/components/mtls/services.yaml: what of each service differs where everything speaks TLS. What all have in common stands beside it, written by hand.
/// </summary>
internal static class KubernetesTls
{
    private const string Header = """
        # What differs between services where they speak TLS, rendered from their table, deploy/local/Catalog.cs: dotnet run --project deploy/local -- render kubernetes

        """;

    /// <summary>The files of Secret NAME-tls, as cert-manager calls them, and the settings that name them.</summary>
    private static readonly (string Setting, string File)[] Files = [("CertificateFile", "tls.crt"), ("KeyFile", "tls.key"), ("CaFile", "ca.crt")];

    /// <summary>The file of these services.</summary>
    public static string Render(IReadOnlyList<ServiceDefinition> services) =>
        Header + string.Concat(services.SelectMany(Objects).Select(o => $"---\n{o}\n"));

    private static IEnumerable<string> Objects(ServiceDefinition service) =>
    [
        Deployment(service),
        .. service.HttpPort is { } http
            ? (string[])[Service(service.Name, http), Service($"{service.Name}-grpc", service.GrpcPort)]
            : [Service(service.Name, service.GrpcPort)],
    ];

    private static string Deployment(ServiceDefinition service) => $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{service.Name}}
        spec:
          template:
            spec:
              containers:
                - name: service
                  env:
        {{string.Join('\n', Settings(service).Select(setting => $"            - {{ name: {setting.Name}, value: \"{setting.Value}\" }}"))}}
              volumes:
                - { name: tls, secret: { secretName: {{service.Name}}-tls, defaultMode: 0440 } }
        """;

    private static IEnumerable<(string Name, string Value)> Settings(ServiceDefinition service) =>
    [
        .. service.Ports.Where(p => p.Endpoint != "Management").Select(p => ($"Kestrel__Endpoints__{p.Endpoint}__Url", $"https://*:{p.Port}")),
        .. KubernetesKeys.TokenSettings(service).Where(setting => setting.Value.StartsWith("http:", StringComparison.Ordinal)).Select(setting => (setting.Name, setting.Value.Replace("http:", "https:", StringComparison.Ordinal))),
        .. Files.Select(file => ($"Tls__{file.Setting}", $"/tls/{file.File}")),
    ];

    // Whoever reads it speaks TLS as well.
    private static string Service(string name, int port) => $$"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {{name}}
        spec:
          ports:
            - { port: {{port}}, appProtocol: https }
        """;
}
