using System.Text;
using k8s.Models;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>That whatever one object names is there: pods, ports, keys, targets. Each rule names what is missing.</summary>
internal static class ReferenceRules
{
    public static IEnumerable<string> Check(Manifests manifests) =>
        [.. Services(manifests), .. Keys(manifests), .. Files(manifests), .. Monitors(manifests), .. Targets(manifests), .. Secrets(manifests)];

    private static IEnumerable<string> Services(Manifests manifests)
    {
        foreach (var service in manifests.All<V1Service>())
        {
            var pods = manifests.Find(service.Spec.Selector);
            if (pods.Count != 1)
                yield return $"Service {service.Metadata.Name} selects {pods.Count} kinds of pods";
            foreach (var port in service.Spec.Ports.Where(port => !pods.All(pod => pod.Has(port.TargetPort?.Value ?? $"{port.Port}"))))
                yield return $"Service {service.Metadata.Name} has a port {port.Name} that its pods have not";
        }

        foreach (var (pod, address) in manifests.Pods.SelectMany(pod => Identity(pod).Select(address => (pod, address))))
        {
            if (manifests.All<V1Service>().SingleOrDefault(s => s.Metadata.Name == address.Host) is not { } service || !service.Spec.Ports.Any(p => p.Port == address.Port && p.Name == "http"))
                yield return $"{pod.Name} calls {address}, which is no Service with that port";
        }

        // A gRPC client keeps to one address: it must see all.
        foreach (var (pod, backend) in manifests.Pods.SelectMany(pod => Backends(pod).Select(backend => (pod, backend))))
        {
            var (name, port) = backend;
            if (manifests.All<V1Service>().SingleOrDefault(s => s.Metadata.Name == name) is not { Spec.ClusterIP: "None" } service || !service.Spec.Ports.Any(p => $"{p.Port}" == port))
                yield return $"{pod.Name} calls {name}:{port}, which is no headless Service with that port";
        }
    }

    /// <summary>Where a pod calls Identity over HTTP, for keys, tokens and pages; itself it need not reach over the network.</summary>
    public static IEnumerable<Uri> Identity(Pod pod) =>
        ((string[])["Auth__KeysAddress", "Auth__TokenAddress", "Authority__Address"]).Select(pod.Setting).OfType<string>().Where(IsExpanded).Select(address => new Uri(address)).Where(address => !address.IsLoopback);

    /// <summary>The Secrets that a pod has as files, with the keys that its settings name.</summary>
    public static IEnumerable<(string Secret, string? Key)> FilesOf(Pod pod) =>
        from container in pod.Containers
        from mount in container.VolumeMounts ?? []
        let secret = (pod.Spec.Volumes ?? []).SingleOrDefault(v => v.Name == mount.Name)?.Secret
        where secret is not null
        from setting in (container.Env ?? []).Where(e => e.Value == mount.MountPath || e.Value?.StartsWith($"{mount.MountPath}/", StringComparison.Ordinal) == true).DefaultIfEmpty()
        select (secret.SecretName, setting is null ? "(of no setting)" : setting.Value == mount.MountPath ? null : setting.Value[(mount.MountPath.Length + 1)..]);

    /// <summary>The services that a pod calls, with the port.</summary>
    public static IEnumerable<(string Service, string Port)> Backends(Pod pod) =>
        from env in pod.Containers.SelectMany(c => c.Env ?? [])
        where env.Name.StartsWith("Backends__", StringComparison.Ordinal) || env.Name == "Auth__RevocationsAddress"
        let address = new Uri(env.Value).AbsolutePath.TrimStart('/').Split(':')
        select (address[0], address[1]);

    private static bool IsExpanded(string value) => !value.Contains("$(", StringComparison.Ordinal);

    private static IEnumerable<string> Keys(Manifests manifests)
    {
        var required = File.ReadAllLines(Path.Combine(Needs.Root, "deploy", "k8s", "README.md"));
        foreach (var (pod, container) in manifests.Pods.SelectMany(pod => pod.Containers.Select(c => (pod, c))))
        {
            foreach (var secret in (container.Env ?? []).Select(e => e.ValueFrom?.SecretKeyRef).OfType<V1SecretKeySelector>())
            {
                var made = manifests.All<V1Secret>().Any(s => s.Metadata.Name == secret.Name && (s.Data?.ContainsKey(secret.Key) ?? false));
                // Where Secrets are made beforehand, the README has a table of them; NAME is a service that keeps a database.
                var named = secret.Name.Replace(pod.Spec.ServiceAccountName + "-", "NAME-", StringComparison.Ordinal);
                if (!made && !(manifests.All<V1Secret>().Any() is false && required.Any(line => line.TrimStart().StartsWith($"| `{named}` | `{secret.Key}` |", StringComparison.Ordinal))))
                    yield return $"{pod.Name} uses key {secret.Key} of Secret {secret.Name}, which nobody makes";
            }

            foreach (var map in (container.Env ?? []).Select(e => e.ValueFrom?.ConfigMapKeyRef).OfType<V1ConfigMapKeySelector>())
            {
                if (!manifests.All<V1ConfigMap>().Any(m => m.Metadata.Name == map.Name && m.Data.ContainsKey(map.Key)))
                    yield return $"{pod.Name} uses key {map.Key} of ConfigMap {map.Name}, which nobody makes";
            }

            foreach (var name in (container.EnvFrom ?? []).Select(e => e.ConfigMapRef?.Name ?? e.SecretRef?.Name).OfType<string>())
            {
                if (!manifests.All<V1ConfigMap>().Any(m => m.Metadata.Name == name))
                    yield return $"{pod.Name} takes its settings from {name}, which nobody makes";
            }

            foreach (var variable in (container.Env ?? []).Where(e => e.Value is not null && !IsExpanded(e.Value)))
                yield return $"{pod.Name} has in {variable.Name} a variable that nobody sets: {variable.Value}";

            foreach (var mount in (container.VolumeMounts ?? []).Where(m => !(pod.Spec.Volumes ?? []).Any(v => v.Name == m.Name) && !manifests.All<V1StatefulSet>().Any(s => s.Spec.VolumeClaimTemplates.Any(c => c.Metadata.Name == m.Name))))
                yield return $"{pod.Name} mounts {mount.Name}, which is no volume";
        }
    }

    // deploy/k8s/secrets makes these beforehand, as README.md says.
    private static IEnumerable<string> Files(Manifests manifests)
    {
        foreach (var pod in manifests.Pods)
        {
            var files = FilesOf(pod).ToArray();
            foreach (var (secret, key) in files.Where(file => !ByHand.Any(made => IsLike(pod, file.Secret, made.Secret) && (file.Key is null || made.Keys.Split(", ").Contains($"`{file.Key}`")))))
                yield return $"{pod.Name} has file {key} of Secret {secret}, which nobody makes";
            foreach (var other in files.Where(file => ((string[])["-key", "-tls", "-certificate"]).Any(kind => file.Secret.EndsWith(kind, StringComparison.Ordinal) && file.Secret != pod.Spec.ServiceAccountName + kind)))
                yield return $"{pod.Name} sees the private key of another service, {other.Secret}";
            if (files.Length > 0 && pod.Spec.SecurityContext.FsGroup != pod.Spec.SecurityContext.RunAsGroup)
                yield return $"{pod.Name} cannot read its Secrets' files";
        }

        static bool IsLike(Pod pod, string secret, string made) => secret == made.Replace("NAME", pod.Spec.ServiceAccountName, StringComparison.Ordinal);
    }

    // The table of README.md: | `Secret` | `key`, `key` | ...
    private static (string Secret, string Keys)[] ByHand { get; } =
    [
        .. File.ReadAllLines(Path.Combine(Needs.Root, "deploy", "k8s", "README.md")).Select(line => line.Trim().Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 3 && cells[1].StartsWith('`')).Select(cells => (cells[1].Trim('`'), cells[2])),
    ];

    private static IEnumerable<string> Monitors(Manifests manifests)
    {
        foreach (var monitor in manifests.All<ServiceMonitor>())
        {
            var services = manifests.All<V1Service>().Where(s => monitor.Spec.Selector.MatchLabels.All(l => s.Metadata.Labels.TryGetValue(l.Key, out var v) && v == l.Value)).ToArray();
            var scraped = services.Where(s => monitor.Spec.Endpoints.All(e => s.Spec.Ports.Any(p => p.Name == e.Port))).SelectMany(s => manifests.Find(s.Spec.Selector)).ToArray();
            foreach (var pod in manifests.Pods.Where(p => p.Labels["app.kubernetes.io/component"] == "service" && scraped.Count(s => s == p) != 1))
                yield return $"ServiceMonitor {monitor.Metadata.Name} reads the metrics of {pod.Name} {scraped.Count(s => s == pod)} times";
        }
    }

    private static IEnumerable<string> Targets(Manifests manifests)
    {
        foreach (var autoscaler in manifests.All<V2HorizontalPodAutoscaler>())
        {
            var target = manifests.All<V1Deployment>().SingleOrDefault(d => d.Metadata.Name == autoscaler.Spec.ScaleTargetRef.Name);
            if (target is null)
                yield return $"autoscaler {autoscaler.Metadata.Name} scales nothing";
            else if (target.Spec.Replicas is not null)
                yield return $"{target.Metadata.Name} states its replicas, which every apply would set back";
        }

        foreach (var budget in manifests.All<V1PodDisruptionBudget>().Where(b => manifests.Find(b.Spec.Selector.MatchLabels).Count != 1))
            yield return $"PodDisruptionBudget {budget.Metadata.Name} is of no pods";
        foreach (var deployment in manifests.All<V1Deployment>().Where(d => manifests.Find(d.Spec.Selector.MatchLabels) is not [var one] || one.Name != d.Metadata.Name))
            yield return $"Deployment {deployment.Metadata.Name} selects other pods than its own";
    }

    // What is in the tree is no secret.
    private static IEnumerable<string> Secrets(Manifests manifests) =>
        from secret in manifests.All<V1Secret>()
        from value in secret.Data.Values.Select(Encoding.UTF8.GetString)
        where value.Contains("password", StringComparison.OrdinalIgnoreCase) || value.Contains("pwd", StringComparison.OrdinalIgnoreCase)
        select $"Secret {secret.Metadata.Name} has a password in plain text";
}
