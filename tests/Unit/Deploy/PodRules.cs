using k8s.Models;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>What every pod must be like. Each rule names what breaks it.</summary>
internal static class PodRules
{
    public static IEnumerable<string> Check(Manifests manifests) => manifests.Pods.SelectMany(pod =>
        Restricted(pod).Concat(pod.Containers.SelectMany(c => Resources(c).Concat(Image(c)).Concat(pod.Stays ? Probes(pod, c) : [])))
            .Concat(Account(manifests, pod)).Concat(Stop(manifests, pod))
            .Select(broken => $"{pod.Name}: {broken}"));

    // Kubernetes' pod security standard "restricted", and more.
    private static IEnumerable<string> Restricted(Pod pod)
    {
        if (pod.Spec.AutomountServiceAccountToken != false)
            yield return "has a token of its service account";
        if (pod.Spec.SecurityContext is not { RunAsNonRoot: true, SeccompProfile.Type: "RuntimeDefault" })
            yield return "may run as root, or without a seccomp profile";
        if (pod.Spec.HostNetwork == true || pod.Spec.HostPID == true || pod.Spec.HostIPC == true || (pod.Spec.Volumes ?? []).Any(v => v.HostPath is not null))
            yield return "reaches into its host";
        foreach (var container in pod.Containers)
        {
            if (container.SecurityContext is not { AllowPrivilegeEscalation: false, ReadOnlyRootFilesystem: true, Capabilities.Drop: ["ALL"] } context
                || context.Capabilities.Add is { Count: > 0 } || context.Privileged == true)
                yield return $"container {container.Name} has more rights than it needs";
        }
    }

    private static IEnumerable<string> Resources(V1Container container)
    {
        foreach (var resource in (string[])["cpu", "memory"])
        {
            if (container.Resources?.Requests?.ContainsKey(resource) != true)
                yield return $"container {container.Name} requests no {resource}";
        }

        if (container.Resources?.Limits?.ContainsKey("memory") != true)
            yield return $"container {container.Name} has no limit of memory";
    }

    private static IEnumerable<string> Image(V1Container container)
    {
        var tag = container.Image[(container.Image.LastIndexOf('/') + 1)..].Split(':', 2).ElementAtOrDefault(1);
        if (!container.Image.Contains("@sha256:", StringComparison.Ordinal) && (tag is null or "latest" || !tag.Any(char.IsAsciiDigit)))
            yield return $"image {container.Image} is not pinned";
    }

    private static IEnumerable<string> Probes(Pod pod, V1Container container)
    {
        (string, V1Probe?)[] probes = [("startup", container.StartupProbe), ("liveness", container.LivenessProbe), ("readiness", container.ReadinessProbe)];
        foreach (var (name, probe) in probes)
        {
            if (probe is null)
                yield return $"container {container.Name} has no {name} probe";
            else if (probe.Grpc is { } grpc && pod.Setting("Tls__CertificateFile") is null)
            {
                if (!pod.Has($"{grpc.Port}"))
                    yield return $"the {name} probe asks at port {grpc.Port}, which is none of its ports";
                // The name that Hosting answers for whatever is away; readiness asks for all there is.
                if (grpc.Service != (name == "readiness" ? null : "liveness"))
                    yield return $"the {name} probe asks about '{grpc.Service}'";
            }
            else if (probe.HttpGet is { } http)
            {
                // A kubelet does not speak TLS here, and the other ports may.
                if (http.Port.Value != "management" || !pod.Has("management") || http.Scheme is "HTTPS" || http.Path != (name == "readiness" ? "/health/ready" : "/health/live"))
                    yield return $"the {name} probe asks for {http.Path} at port {http.Port.Value}";
            }
            else if (pod.Setting("Tls__CertificateFile") is not null)
                yield return $"the {name} probe cannot ask at a port with TLS";
            else if (probe.Exec is null)
                yield return $"the {name} probe neither asks over gRPC nor runs a command";
        }
    }

    private static IEnumerable<string> Account(Manifests manifests, Pod pod)
    {
        if (pod.Spec.ServiceAccountName is { } name
            && manifests.All<V1ServiceAccount>().SingleOrDefault(a => a.Metadata.Name == name) is not { AutomountServiceAccountToken: false })
            yield return $"its service account {name} is not there, or gives tokens";
    }

    // A process that is killed before it has drained loses requests and cuts streams.
    private static IEnumerable<string> Stop(Manifests manifests, Pod pod)
    {
        if (pod.Labels["app.kubernetes.io/component"] != "service")
            yield break;
        if (pod.Containers.Single().Lifecycle?.PreStop?.Sleep?.Seconds is not > 0)
            yield return "does not wait for its endpoint to go before it stops";
        var settings = manifests.All<V1ConfigMap>().Single(m => m.Metadata.Name == pod.Containers.Single().EnvFrom.Single().ConfigMapRef.Name).Data;
        var needed = TimeSpan.FromSeconds(pod.Containers.Single().Lifecycle?.PreStop?.Sleep?.Seconds ?? 0)
            + TimeSpan.Parse(settings["Drain__Delay"], System.Globalization.CultureInfo.InvariantCulture)
            + TimeSpan.Parse(settings["Drain__Window"], System.Globalization.CultureInfo.InvariantCulture)
            + TimeSpan.FromSeconds(5);
        if (!(pod.Spec.TerminationGracePeriodSeconds >= needed.TotalSeconds))
            yield return $"is killed after {pod.Spec.TerminationGracePeriodSeconds} s, and needs {needed.TotalSeconds} s to stop";
        if (pod.Spec.TopologySpreadConstraints is not { Count: > 0 })
            yield return "may have all its replicas on one node";
    }
}
