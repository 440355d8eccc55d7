using System.Text.RegularExpressions;
using Microservices.Local;
using Microservices.Local.Render;
using Microservices.Tests.Support;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>deploy/docker, as far as it can be read; that an image builds and runs is tested end to end.</summary>
public sealed partial class ContainerTests
{
    private static readonly string Folder = Path.Combine(Needs.Root, "deploy", "docker");
    private static readonly string Rendered = ComposeServices.Render(Catalog.Services);
    private static readonly string[] Services = [.. Catalog.Services.Select(s => s.Name)];

    [Fact]
    public void The_image_is_built_in_stages_on_pinned_bases_and_runs_as_nobody_without_a_shell()
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, "Dockerfile"));

        Assert.Equal(2, lines.Count(l => l.StartsWith("FROM ", StringComparison.Ordinal)));
        Assert.All(lines.Where(l => l.StartsWith("FROM ", StringComparison.Ordinal)), from => Assert.Contains("_IMAGE}", from, StringComparison.Ordinal));
        Assert.All(lines.Where(l => l.Contains("_IMAGE=", StringComparison.Ordinal)), arg => Assert.Matches(Pinned(), arg));
        Assert.Contains(lines, l => l.StartsWith("ARG RUNTIME_IMAGE=", StringComparison.Ordinal) && l.EndsWith("-chiseled", StringComparison.Ordinal));
        Assert.Equal("USER 1654:1654", lines.Last(l => l.StartsWith("USER ", StringComparison.Ordinal)));
        Assert.Equal("""ENTRYPOINT ["/app/service"]""", lines[^1]);
        Assert.DoesNotContain(lines.SkipWhile(l => l != "FROM ${RUNTIME_IMAGE}"), l => l.StartsWith("RUN ", StringComparison.Ordinal));
    }

    [Fact]
    public void Compose_runs_two_replicas_of_every_service_hardened_with_pinned_images()
    {
        var services = Compose();

        Assert.Superset(Services.Concat(["redis", "postgres", "prometheus", "grafana"]).ToHashSet(), services.Keys.ToHashSet());
        Assert.All(Services, name => Assert.Equal("2", services[name]["deploy"]["replicas"].ToString()));
        // Never root: deploy/docker/compose says who.
        Assert.All(Services, name => Assert.StartsWith("${SUITE_USER:?", services[name]["user"].ToString(), StringComparison.Ordinal));
        Assert.All(services, service =>
        {
            Assert.Equal("true", service.Value["read_only"].ToString());
            Assert.Equal("ALL", service.Value["cap_drop"][0].ToString());
            Assert.Equal("no-new-privileges:true", service.Value["security_opt"][0].ToString());
            Assert.Matches(Pinned(), service.Value["image"].ToString());
        });
    }

    [Fact]
    public void Compose_publishes_to_this_machine_only_and_has_no_password()
    {
        Assert.All(Compose().Values.Where(s => s.Children.ContainsKey("ports")).SelectMany(s => (YamlSequenceNode)s["ports"]), port => Assert.StartsWith("127.0.0.1:", port.ToString()));
        Assert.DoesNotContain("password", (File.ReadAllText(Path.Combine(Folder, "compose.yaml")) + Rendered).Replace("has no password", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Compose_tells_every_service_where_to_listen_whom_to_call_and_if_it_has_a_database_where_that_is()
    {
        var services = Compose();

        Assert.All(Catalog.Services, service =>
        {
            var settings = ((YamlMappingNode)services[service.Name]["environment"]).ToDictionary(s => s.Key.ToString(), s => s.Value.ToString());
            Assert.Equal(service.Ports.Select(p => $"http://*:{p.Port}"), service.Ports.Select(p => settings[$"Kestrel__Endpoints__{p.Endpoint}__Url"]));
            Assert.Equal(service.Backends.Order(), settings.Keys.Where(k => k.StartsWith("Backends__", StringComparison.Ordinal)).Select(k => k.Split("__")[1]).Order());
            Assert.Equal(service.HasDatabase, settings.ContainsKey("ConnectionStrings__Database"));
            Assert.Equal(service.HasDatabase, services[service.Name].Children.ContainsKey("depends_on"));
            Assert.Equal(service.Folder, services[service.Name]["build"]["args"]["SERVICE"].ToString());
        });
    }

    [Fact]
    public void Prometheus_is_told_of_every_replica_by_the_name_of_its_service()
    {
        var targets = (YamlSequenceNode)Load(Load(Rendered)["configs"]["replicas"]["content"].ToString());

        Assert.Equal(Catalog.Services.Select(s => $"{s.Name}: microservices-{s.Name}-1:{s.ManagementPort} microservices-{s.Name}-2:{s.ManagementPort}"),
            targets.Select(t => $"{t["labels"]["job"]}: {string.Join(' ', (YamlSequenceNode)t["targets"])}"));
    }

    // Both files in one, as compose makes it.
    private static Dictionary<string, YamlMappingNode> Compose()
    {
        var services = ServicesOf(File.ReadAllText(Path.Combine(Folder, "compose.yaml")));
        foreach (var (name, service) in ServicesOf(Rendered).Where(s => !services.TryAdd(s.Key, s.Value)))
        {
            foreach (var (key, value) in service)
                services[name].Add(key, value);
        }

        return services;

        static Dictionary<string, YamlMappingNode> ServicesOf(string yaml) =>
            ((YamlMappingNode)Load(yaml)["services"]).ToDictionary(s => s.Key.ToString(), s => (YamlMappingNode)s.Value);
    }

    // With its anchors put in.
    private static YamlNode Load(string yaml)
    {
        var merged = new YamlStream();
        merged.Load(new MergingParser(new Parser(new StringReader(yaml))));
        return merged.Documents[0].RootNode;
    }

    [GeneratedRegex(@"[:v]\d+\.\d+(\.\d+)?[\w.-]*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pinned();
}
