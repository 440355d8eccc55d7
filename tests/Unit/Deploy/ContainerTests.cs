using System.Text.RegularExpressions;
using Microservices.Tests.Support;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>deploy/docker, as far as it can be read; that an image builds and runs is tested end to end.</summary>
public sealed partial class ContainerTests
{
    private static readonly string Folder = Path.Combine(Needs.Root, "deploy", "docker");
    private static readonly string[] Services = ["users", "orders", "notifications", "gateway"];

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
        Assert.All(Services, name => Assert.Equal("1654:1654", services[name]["user"].ToString()));
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
        Assert.DoesNotContain("password", File.ReadAllText(Path.Combine(Folder, "compose.yaml")).Replace("has no password", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
    }

    // With its anchors put in, as compose does.
    private static Dictionary<string, YamlMappingNode> Compose()
    {
        using var file = File.OpenText(Path.Combine(Folder, "compose.yaml"));
        var merged = new YamlStream();
        merged.Load(new MergingParser(new Parser(file)));
        return ((YamlMappingNode)merged.Documents[0].RootNode["services"]).ToDictionary(s => s.Key.ToString(), s => (YamlMappingNode)s.Value);
    }

    [GeneratedRegex(@"[:v]\d+\.\d+(\.\d+)?[\w.-]*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pinned();
}
