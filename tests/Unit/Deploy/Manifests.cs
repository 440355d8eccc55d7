using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>
/// What <c>kubectl kustomize</c> makes of an overlay, read as the cluster reads it: into the official client's types, or for what is not
/// Kubernetes' own into ours; a field that they do not have is an error.
/// </summary>
public sealed partial class Manifests
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> Rendered = new();

    private static readonly Dictionary<string, Type> Operators = new()
    {
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
    };

    private Manifests(IReadOnlyList<object> objects)
    {
        Objects = objects;
        Pods =
        [
            .. All<V1Deployment>().Select(d => new Pod(d.Metadata.Name, d.Spec.Template.Metadata.Labels, d.Spec.Template.Spec, Stays: true)),
            .. All<V1StatefulSet>().Select(s => new Pod(s.Metadata.Name, s.Spec.Template.Metadata.Labels, s.Spec.Template.Spec, Stays: true)),
            .. All<V1Job>().Select(j => new Pod(j.Metadata.Name, j.Spec.Template.Metadata.Labels, j.Spec.Template.Spec, Stays: false)),
        ];
        foreach (var container in Pods.SelectMany(pod => pod.Containers))
            Expand(container);
    }

    /// <summary>Everything, in kustomize's order.</summary>
    public IReadOnlyList<object> Objects { get; }

    /// <summary>The pods that its Deployments, StatefulSets and Jobs make.</summary>
    public IReadOnlyList<Pod> Pods { get; }

    /// <summary>The objects of a kind.</summary>
    public IEnumerable<T> All<T>() => Objects.OfType<T>();

    /// <summary>The pods that a selector finds; an empty one finds all.</summary>
    public IReadOnlyList<Pod> Find(IDictionary<string, string>? labels) =>
        [.. Pods.Where(pod => labels is null || labels.All(label => pod.Labels.TryGetValue(label.Key, out var value) && value == label.Value))];

    /// <summary>An overlay.</summary>
    public static Manifests Of(string overlay) => Parse(Render(overlay));

    /// <summary>The YAML of an overlay.</summary>
    public static string Render(string overlay) => Rendered.GetOrAdd(overlay, _ => new(() => Kustomize(Path.Combine(Needs.Root, "deploy", "k8s", "overlays", overlay)))).Value;

    /// <summary>The YAML of an overlay with one more component in it, as README.md tells to add it.</summary>
    public static string RenderWith(string overlay, string component) => Rendered.GetOrAdd($"{overlay} with {component}", _ => new(() =>
    {
        var copy = Directory.CreateTempSubdirectory("kustomize-").FullName;
        try
        {
            foreach (var file in ((string[])["k8s", "observability"]).SelectMany(folder => Directory.GetFiles(Path.Combine(Needs.Root, "deploy", folder), "*", SearchOption.AllDirectories)))
            {
                var to = Path.Combine(copy, Path.GetRelativePath(Path.Combine(Needs.Root, "deploy"), file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }

            var folder = Path.Combine(copy, "k8s", "overlays", overlay);
            var kustomization = Path.Combine(folder, "kustomization.yaml");
            var text = File.ReadAllText(kustomization);
            var line = $"components:\n  - ../../components/{component}\n";
            File.WriteAllText(kustomization, text.Contains("\ncomponents:\n", StringComparison.Ordinal) ? text.Replace("components:\n", line, StringComparison.Ordinal) : $"{text}\n{line}");
            return Kustomize(folder);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    })).Value;

    /// <summary>Reads YAML strictly.</summary>
    public static Manifests Parse(string yaml) => new(KubernetesYaml.LoadAllFromString(yaml, Operators, strict: true));

    // As a kubelet does: $(NAME) is what the container's ConfigMaps have of that name, and stays where they have nothing.
    private void Expand(V1Container container)
    {
        var settings = (container.EnvFrom ?? []).SelectMany(from => All<V1ConfigMap>().Where(map => map.Metadata.Name == from.ConfigMapRef?.Name)).SelectMany(map => map.Data).ToDictionary();
        foreach (var variable in (container.Env ?? []).Where(e => e.Value is not null))
            variable.Value = Reference().Replace(variable.Value, match => settings.GetValueOrDefault(match.Groups["name"].Value, match.Value));
    }

    [GeneratedRegex(@"\$\((?<name>\w+)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    private static string Kustomize(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo("kubectl", ["kustomize", folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var yaml = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // What kustomize warns of today is gone tomorrow.
        return process.ExitCode == 0 && error.Result.Length == 0 ? yaml : throw new InvalidOperationException($"kubectl kustomize {folder}: {error.Result}");
    }
}

/// <summary>A pod as its owner makes it; one that stays has probes, a Job's does not.</summary>
public sealed record Pod(string Name, IDictionary<string, string> Labels, V1PodSpec Spec, bool Stays)
{
    /// <summary>All its containers.</summary>
    public IEnumerable<V1Container> Containers => Spec.Containers.Concat(Spec.InitContainers ?? []);

    /// <summary>A setting of one of its containers, given as such.</summary>
    public string? Setting(string name) => Containers.SelectMany(c => c.Env ?? []).FirstOrDefault(e => e.Name == name)?.Value;

    /// <summary>Whether it has a port of this name or number.</summary>
    public bool Has(string port) => Containers.SelectMany(c => c.Ports ?? [])
        .Any(p => p.Name == port || p.ContainerPort.ToString(System.Globalization.CultureInfo.InvariantCulture) == port);
}
