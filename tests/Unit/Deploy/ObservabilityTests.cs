using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>deploy/observability, as far as no server is needed.</summary>
public sealed partial class ObservabilityTests
{
    private static readonly string Folder = Path.Combine(Needs.Root, "deploy", "observability");
    private static readonly string[] Units = ["short", "s", "bytes", "reqps", "cps", "percentunit"];

    [Fact]
    public void There_is_a_dashboard_for_the_suite_for_streams_for_the_gateway_and_for_any_service() =>
        Assert.Equal(["gateway", "service", "streams", "suite"],
            Directory.GetFiles(Path.Combine(Folder, "grafana", "dashboards")).Select(f => Path.GetFileNameWithoutExtension(f)).Order());

    /// <summary>What is asked of one service is asked of any: only the gateway has questions of its own.</summary>
    [Fact]
    public void Dashboards_and_rules_go_by_labels_and_name_no_service_but_the_gateway()
    {
        string[] sources = [.. Directory.GetFiles(Path.Combine(Folder, "dashboards")), Path.Combine(Folder, "prometheus.yaml"), Path.Combine(Folder, "rules", "recording.yaml"), Path.Combine(Folder, "rules", "alerts.yaml")];
        var jobs = sources.SelectMany(file => Job().Matches(File.ReadAllText(file))).Select(job => job.Groups["job"].Value).ToHashSet();

        // The second is given by name to the rows of service.libsonnet: '$service' or 'gateway'.
        Assert.Equal(["%s", "gateway"], jobs.Order());
    }

    [Fact]
    public void Every_panel_has_a_title_that_a_stranger_understands_a_description_and_a_unit()
    {
        var panels = Panels().ToArray();

        Assert.True(panels.Length > 60);
        Assert.All(panels, panel =>
        {
            var title = panel.GetProperty("title").GetString()!;
            // Words, not the names of metrics; and no two words that only we know.
            Assert.Matches("^[A-Z][A-Za-z0-9 ,:%-]{9,59}$", title);
            Assert.Contains(' ', title);
            Assert.True(panel.GetProperty("description").GetString()!.Length > 5, $"{title} is not described");
            Assert.Contains(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString(), Units);
            Assert.All(panel.GetProperty("targets").EnumerateArray(), target => Assert.NotEmpty(target.GetProperty("legendFormat").GetString()!));
        });
    }

    [Fact]
    public void Every_alert_has_a_severity_a_summary_and_a_paragraph_in_the_runbook()
    {
        var alerts = Alert().Matches(File.ReadAllText(Path.Combine(Folder, "rules", "alerts.yaml")));
        var paragraphs = Heading().Matches(File.ReadAllText(Path.Combine(Folder, "runbook.md"))).Select(m => m.Groups["name"].Value).ToArray();
        var tested = File.ReadAllText(Path.Combine(Folder, "rules", "tests.yaml"));

        Assert.Equal(alerts.Select(a => a.Groups["name"].Value).Order(), paragraphs.Order());
        Assert.All(alerts, alert =>
        {
            var (name, rule) = (alert.Groups["name"].Value, alert.Groups["rule"].Value);
            Assert.Matches("severity: (page|ticket) ", rule);
            Assert.Contains("summary: ", rule, StringComparison.Ordinal);
            Assert.Contains($"runbook: deploy/observability/runbook.md#{name.ToLowerInvariant()}\n", rule, StringComparison.Ordinal);
            Assert.Contains($"alertname: {name}\n", tested, StringComparison.Ordinal);
        });
    }

    [FactNeeding(Need.Jsonnet)]
    public void What_is_generated_is_what_its_sources_say()
    {
        var made = Directory.CreateTempSubdirectory("render-").FullName;
        try
        {
            using (var render = Process.Start("bash", [Path.Combine(Folder, "render"), made, made]))
            {
                render.WaitForExit();
                Assert.Equal(0, render.ExitCode);
            }

            Assert.All(Directory.GetFiles(made), file =>
            {
                var name = Path.GetFileName(file);
                var kept = name == "rules.yaml" ? Path.Combine(Needs.Root, "deploy", "k8s", "components", "monitoring", name) : Path.Combine(Folder, "grafana", "dashboards", name);
                Assert.True(File.ReadAllText(file) == File.ReadAllText(kept), $"{name} is out of date: run deploy/observability/render");
            });
        }
        finally
        {
            Directory.Delete(made, recursive: true);
        }
    }

    private static IEnumerable<JsonElement> Panels() =>
        Directory.GetFiles(Path.Combine(Folder, "grafana", "dashboards"))
            .SelectMany(file => JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("panels").EnumerateArray())
            .Where(panel => panel.GetProperty("type").GetString() != "row");

    [GeneratedRegex(@"- alert: (?<name>\w+)\n(?<rule>.+?\n)(?=\n|$)", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Alert();

    [GeneratedRegex(@"\bjob=~?""(?<job>[^""]+)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Job();

    [GeneratedRegex(@"^## (?<name>\w+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();
}
