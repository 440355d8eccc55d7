using System.Text.Json;
using System.Text.RegularExpressions;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>What Prometheus and Grafana ask is what the suite tells.</summary>
public sealed partial class PrometheusTests
{
    private static readonly string[] Rules = ["recording.yaml", "alerts.yaml"];

    [FactNeeding(Need.Prometheus, Need.RedisServer, Need.PostgreSql)]
    public async Task Every_query_of_every_dashboard_and_rule_returns_data_or_is_explained()
    {
        var silent = Silent();
        var queries = Dashboards().Concat(Rules.SelectMany(Expressions)).ToArray();
        Assert.True(queries.Length > 100);
        Assert.Empty(silent.Keys.Except(queries.Select(q => q.Name)));

        await using var suite = await ObservedSuite.StartAsync();
        await using var prometheus = await PrometheusServer.StartAsync(suite.Replicas.ToDictionary(r => r.Key, r => r.Value.Management));

        var waiting = queries.Where(q => !silent.ContainsKey(q.Name)).ToList();
        try
        {
            await Eventually.UntilAsync(async () =>
            {
                foreach (var query in waiting.ToArray())
                {
                    if (await prometheus.HasDataAsync(query.Expression))
                        waiting.Remove(query);
                }

                return waiting.Count == 0;
            }, "all queries return data");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{waiting.Count} of {queries.Length} queries return nothing, and silent.txt does not say why:\n{string.Join('\n', waiting)}");
        }

        // What may be silent is asked all the same: it is at least a query.
        foreach (var query in queries.Where(q => silent.ContainsKey(q.Name)))
            await prometheus.HasDataAsync(query.Expression);
    }

    [FactNeeding(Need.Prometheus)]
    public async Task The_configuration_and_the_rules_are_sound_and_the_rules_pass_their_tests()
    {
        var (code, output, error) = await Shell.RunAsync(
            $"cd '{PrometheusServer.Source}' && promtool check config --lint-fatal prometheus.yaml && promtool check rules --lint-fatal rules/recording.yaml rules/alerts.yaml && promtool test rules rules/tests.yaml");

        Assert.True(code == 0, output + error);
    }

    // A line: what is silent, a colon, and why.
    private static Dictionary<string, string> Silent() =>
        File.ReadAllLines(Path.Combine(PrometheusServer.Source, "silent.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(": ", 2))
            .ToDictionary(parts => parts[0], parts => parts[1]);

    private static IEnumerable<(string Name, string Expression)> Dashboards() =>
        from file in Directory.GetFiles(Path.Combine(PrometheusServer.Source, "grafana", "dashboards"), "*.json")
        from panel in JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("panels").EnumerateArray()
        where panel.TryGetProperty("targets", out _)
        from target in panel.GetProperty("targets").EnumerateArray()
        select ($"{Path.GetFileNameWithoutExtension(file)}, {panel.GetProperty("title")}",
            target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$namespace", ".*", StringComparison.Ordinal));

    // An alert that does not fire returns nothing: it is asked for its comparisons' outcomes, which are there when what they compare is.
    private static IEnumerable<(string Name, string Expression)> Expressions(string file) =>
        Rule().Matches(File.ReadAllText(Path.Combine(PrometheusServer.Source, "rules", file)))
            .Select(rule => (rule.Groups["name"].Value, Comparison().Replace(rule.Groups["expression"].Value, " $1 bool ")));

    [GeneratedRegex(@"- (?:record|alert): (?<name>\S+)\n +expr: (?:>-\n)?(?<expression>.+?)\n(?=\s*\n|\s+(?:for|labels|- record|- alert):|$|\s+#)", RegexOptions.Singleline)]
    private static partial Regex Rule();

    [GeneratedRegex(@"\s(>|==)\s")]
    private static partial Regex Comparison();
}
