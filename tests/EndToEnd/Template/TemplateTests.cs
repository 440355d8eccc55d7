using System.Text.RegularExpressions;
using Microservices.Tests.EndToEnd.Deploy;
using Microservices.Tests.Support;
using Xunit;
using Xunit.Abstractions;

namespace Microservices.Tests.EndToEnd.Template;

/// <summary>A new service, made by the recipe of services/README.md as it is printed there, in a copy of the repository.</summary>
public sealed partial class TemplateTests(ITestOutputHelper print)
{
    private const string Tracking = "http://127.0.0.1:5004";
    private const string Management = "http://127.0.0.1:9004";
    private const string Rendered = "deploy/k8s/base/services.yaml";
    private const int MaxFiles = 3;
    private const int MaxLinesByHand = 150;

    [FactNeeding(Need.Buf, Need.Kubectl, Need.Prometheus, Need.PostgreSql)]
    public async Task A_service_of_the_template_builds_runs_is_called_measured_deployed_and_tested_before_it_has_a_line_of_domain()
    {
        await using var copy = await RepositoryCopy.MakeAsync();

        await FollowTheRecipeAsync(copy);
        await IsSmallAsync(copy);
        await PassesWhatEveryChangeMustPassAsync(copy);
        await IsDeployedAsync(copy);
        await RunsAsync(copy);
        await PassesItsOwnTestsAsync(copy);
    }

    private static async Task FollowTheRecipeAsync(RepositoryCopy copy)
    {
        var recipe = await File.ReadAllTextAsync(Path.Combine(copy.Root, "services", "README.md"));
        recipe = recipe[recipe.IndexOf("## Add a service", StringComparison.Ordinal)..];
        var commands = Block("bash").Matches(recipe).Select(m => m.Groups["text"].Value).ToArray();
        var line = Block("csharp").Match(recipe).Groups["text"].Value;
        Assert.Equal(2, commands.Length);

        await copy.RunWithTemplatesAsync(commands[0]);
        var table = Path.Combine(copy.Root, "deploy", "local", "Catalog.cs");
        var text = await File.ReadAllTextAsync(table);
        await File.WriteAllTextAsync(table, text.Insert(text.IndexOf("        new(\"Gateway\"", StringComparison.Ordinal), line));
        await copy.RunAsync(commands[1]);
    }

    private async Task IsSmallAsync(RepositoryCopy copy)
    {
        var changes = await copy.ChangesAsync();
        print.WriteLine(string.Join('\n', changes));

        Assert.Contains(Rendered, changes.Keys);
        Assert.InRange(changes.Count, 1, MaxFiles);
        Assert.InRange(changes.Where(c => c.Key != Rendered).Sum(c => c.Value), 1, MaxLinesByHand);
    }

    private static async Task PassesWhatEveryChangeMustPassAsync(RepositoryCopy copy) => await copy.RunAsync("""
        buf lint protos
        dotnet format services/Tracking --verify-no-changes --no-restore
        """);

    private static async Task IsDeployedAsync(RepositoryCopy copy)
    {
        var manifests = await copy.RunAsync("kubectl kustomize deploy/k8s/overlays/prod");
        var kinds = manifests.Split("\n---\n").Where(o => Named("tracking").IsMatch(o) || Named("tracking-migration").IsMatch(o)).Select(o => Kind().Match(o).Groups["kind"].Value);

        Assert.Equal(["Deployment", "HorizontalPodAutoscaler", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"], kinds.Order());
        Assert.Contains("image: microservices/tracking:", await copy.RunAsync("dotnet run --no-build --project deploy/local -- render compose"), StringComparison.Ordinal);
    }

    private static async Task RunsAsync(RepositoryCopy copy)
    {
        await using var suite = Suite.Launch(root: copy.Root, configuration: "Debug");
        await suite.UntilReadyAsync();

        var set = await CallAsync(suite, "SetDevice", """{"device_id": "buoy", "label": "North Sea"}""");
        Assert.Contains("North Sea", set, StringComparison.Ordinal);
        var found = await CallAsync(suite, "LookupDevices", """{"calls": [{"call_id": 1, "device_id": "buoy"}, {"call_id": 2, "device_id": "nobody"}]}""");
        Assert.Contains("North Sea", found, StringComparison.Ordinal);
        Assert.Contains("NOT_FOUND", found, StringComparison.Ordinal);
        // It follows on and on: its first event is enough.
        var told = await CallAsync(suite, "WatchDevices", """{"subscribe": {"subscription_id": 1, "key": "buoy", "from_earliest": true}}""", "| grep --max-count 1 'North Sea'");
        Assert.Contains("North Sea", told, StringComparison.Ordinal);

        using var http = new HttpClient();
        await Eventually.UntilAsync(async () =>
        {
            var metrics = await http.GetStringAsync(new Uri($"{Management}/metrics"));
            return metrics.Contains("http_route=\"/tracking.v1.TrackingService/SetDevice\"", StringComparison.Ordinal)
                && metrics.Contains("rpc_method=\"tracking.v1.TrackingService/LookupDevices\"", StringComparison.Ordinal);
        }, "a unary method and a call stream in /metrics");
        await IsInItsDashboardAsync(suite);
    }

    private static async Task PassesItsOwnTestsAsync(RepositoryCopy copy)
    {
        var tested = await copy.RunAsync("dotnet test tests/Integration --filter Integration.Tracking --nologo");

        // Five promises, on each of two databases.
        Assert.Matches(@"Failed: +0, Passed: +10, Skipped: +0", tested);
    }

    private static async Task IsInItsDashboardAsync(Suite suite)
    {
        await using var prometheus = await PrometheusServer.StartAsync(new Dictionary<string, string> { ["tracking"] = Management });
        var panels = DashboardPanel.All().Where(panel => panel is { IsOfAnyService: true, Row: DashboardPanel.Answers or DashboardPanel.Costs } && !panel.Title.EndsWith("failed", StringComparison.Ordinal)).ToArray();
        Assert.True(panels.Length > 5);

        foreach (var query in panels.SelectMany(panel => panel.Of("tracking")))
        {
            await Eventually.UntilAsync(async () =>
            {
                // A rate wants calls to go on.
                await CallAsync(suite, "SetDevice", """{"device_id": "buoy", "label": "North Sea"}""");
                return await prometheus.HasDataAsync(query);
            }, query);
        }
    }

    /// <summary>As a person does who has nothing but an address and an operator's token: with no schema given.</summary>
    private static async Task<string> CallAsync(Suite suite, string method, string body, string andThen = "")
    {
        var (code, output, error) = await Shell.RunAsync($"buf curl --protocol grpc --http2-prior-knowledge -H 'authorization: Bearer {await suite.OperatorAsync()}' -d '{body}' {Tracking}/tracking.v1.TrackingService/{method} {andThen}");
        Assert.True(code == 0, error);
        return output;
    }

    private static Regex Block(string language) => new($"^```{language}\n(?<text>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture);

    private static Regex Named(string name) => new($"^  name: {name}$", RegexOptions.Multiline);

    [GeneratedRegex("^kind: (?<kind>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Kind();
}
