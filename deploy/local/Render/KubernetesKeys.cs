namespace Microservices.Local.Render;

/// <summary>The keys of services in Kubernetes: Secrets that are made beforehand, as files. A service sees its own private key and no other.</summary>
internal static class KubernetesKeys
{
    // Whose tokens all services take is who issues them.
    private const string Issuer = "{ name: Identity__Issuer, valueFrom: { configMapKeyRef: { name: settings, key: Auth__Authority } } }";

    /// <summary>The settings of a service, as lines of <c>env</c>.</summary>
    public static IEnumerable<string> Settings(ServiceDefinition service) =>
        [.. service == Catalog.Identity ? (string[])[Issuer] : [], .. KeySettings.Of(service, KubernetesServices.Scheme, $"{Catalog.Identity.Name}-grpc").Select(Line)];

    /// <summary>Those of its migration.</summary>
    public static IEnumerable<string> MigrationSettings(ServiceDefinition service) => [.. service == Catalog.Identity ? (string[])[Issuer] : [], .. KeySettings.Sealing(service).Select(Line)];

    /// <summary>A service's files, after the lines of its one container.</summary>
    public static string Files(ServiceDefinition service) => Mounted(
    [
        (KeySettings.KeyFile, $"{service.Name}-key"),
        .. Sealing(service),
        .. service == Catalog.Identity ? ((string, string)[])[($"{KeySettings.WorkloadKeys}/NAME.json", "workload-keys")] : [],
    ]) + Certificates(service);

    /// <summary>Those of its migration.</summary>
    public static string MigrationFiles(ServiceDefinition service) => Mounted(Sealing(service));

    private static (string File, string Secret)[] Sealing(ServiceDefinition service) => service.Seals ? [(KeySettings.CertificateFile, $"{service.Name}-certificate")] : [];

    // Only the component mtls mounts them, and does not do without.
    private static string Certificates(ServiceDefinition service) => $"\n        - {{ name: tls, secret: {{ secretName: {service.Name}-tls, optional: true, defaultMode: 0440 }} }}";

    // Each Secret is a folder, called by its volume's name. The pod's group reads it.
    private static string Mounted((string File, string Secret)[] files) => files is [] ? "" : string.Join('\n', (string[])
    [
        "",
        "          volumeMounts:",
        .. files.Select(f => $"            - {{ name: {Volume(f.File)}, mountPath: /{Volume(f.File)}, readOnly: true }}"),
        "      volumes:",
        .. files.Select(f => $"        - {{ name: {Volume(f.File)}, secret: {{ secretName: {f.Secret}, defaultMode: 0440 }} }}"),
    ]);

    private static string Volume(string file) => file.Split('/')[1];

    private static string Line((string Name, string Value) setting) => $"{{ name: {setting.Name}, value: \"{setting.Value}\" }}";
}
