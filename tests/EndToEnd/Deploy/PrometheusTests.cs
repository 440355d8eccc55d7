using System.Text.RegularExpressions;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>What Prometheus and Grafana ask is what the suite tells.</summary>
public sealed partial class PrometheusTests
{
    private static readonly string[] Rules = ["recording.yaml", "alerts.yaml"];

    // The rows of the dashboard of any service that the traffic of this test fills, besides what replicas cost.
    private static readonly Dictionary<string, string[]> Filled = new()
    {
        ["users"] = [DashboardPanel.Answers, "Call streams: lookups that other services send", "Events that it publishes", "Event streams that it serves"],
        ["orders"] =
        [
            DashboardPanel.Answers, "Call streams: lookups that other services send", "Call streams: what it asks other services", "Events that it publishes", "Event streams that it serves",
        ],
        ["notifications"] =
        [
            DashboardPanel.Answers, "Events that it publishes", "Event streams that it serves", "Event streams of other services that it follows",
            "Partitions of other services that it consumes",
        ],
        ["webhooks"] =
        [
            "Events that it publishes", "Event streams of other services that it follows", "Partitions of other services that it consumes", "Work that is due at a time", "Webhooks",
            "Requests to addresses of strangers",
        ],
        ["jobs"] = ["Events that it publishes", "Work that is due at a time", "Jobs", "Flows"],
        ["gateway"] = [DashboardPanel.Answers, "Call streams: what it asks other services", "Event streams of other services that it follows"],
    };

    [FactNeeding(Need.Prometheus, Need.RedisServer, Need.PostgreSql)]
    public async Task Every_query_of_every_dashboard_and_rule_returns_data_or_is_explained()
    {
        var silent = Silent();
        await using var suite = await ObservedSuite.StartAsync();
        var queries = DashboardPanel.All().SelectMany(panel => Of(panel, [.. suite.Services.Names])).Concat(Rules.SelectMany(Expressions)).ToArray();
        Assert.True(queries.Length > 150);
        Assert.Empty(silent.Keys.Except(queries.Select(q => q.Name)));

        await using var prometheus = await PrometheusServer.StartAsync(suite.Metrics);

        var waiting = queries.Where(q => !silent.ContainsKey(q.Name)).ToList();
        try
        {
            await Eventually.UntilAsync(async () =>
            {
                foreach (var query in waiting.ToArray())
                {
                    if (await AnyHasDataAsync(prometheus, query))
                        waiting.Remove(query);
                }

                return waiting.Count == 0;
            }, "all queries return data");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{waiting.Count} of {queries.Length} queries return nothing, and silent.txt does not say why:\n{string.Join('\n', waiting)}\n{suite.Ended}");
        }

        Assert.Null(suite.Ended);
        // What may be silent is asked all the same: it is at least a query.
        foreach (var query in queries.Where(q => silent.ContainsKey(q.Name)))
            await AnyHasDataAsync(prometheus, query);
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

    /// <summary>Of a panel of any service: each of its lines is there of one service at least, and of each service that fills its row there is a line.</summary>
    private static IEnumerable<Query> Of(DashboardPanel panel, IReadOnlyList<string> services)
    {
        var name = $"{panel.Dashboard}, {panel.Title}";
        if (!panel.IsOfAnyService)
            return panel.Queries.Select(query => new Query(name, [query]));

        var filled = services.Where(service => panel.Row == DashboardPanel.Costs || Filled.GetValueOrDefault(service, []).Contains(panel.Row)).Select(panel.Of).ToArray();
        Assert.NotEmpty(filled);
        return [.. panel.Queries.Select((_, line) => new Query(name, [.. filled.Select(queries => queries[line])])), .. filled.Select(queries => new Query(name, queries))];
    }

    // An alert that does not fire returns nothing: it is asked for its comparisons' outcomes, which are there when what they compare is.
    private static IEnumerable<Query> Expressions(string file) =>
        Rule().Matches(File.ReadAllText(Path.Combine(PrometheusServer.Source, "rules", file)))
            .Select(rule => new Query(rule.Groups["name"].Value, [Comparison().Replace(rule.Groups["expression"].Value, " $1 bool ")]));

    private static async Task<bool> AnyHasDataAsync(PrometheusServer prometheus, Query query)
    {
        foreach (var expression in query.Any)
        {
            if (await prometheus.HasDataAsync(expression))
                return true;
        }

        return false;
    }

    private sealed record Query(string Name, string[] Any)
    {
        public override string ToString() => $"{Name}: {string.Join(" | ", Any)}";
    }

    [GeneratedRegex(@"- (?:record|alert): (?<name>\S+)\n +expr: (?:>-\n)?(?<expression>.+?)\n(?=\s*\n|\s+(?:for|labels|- record|- alert):|$|\s+#)", RegexOptions.Singleline)]
    private static partial Regex Rule();

    [GeneratedRegex(@"\s(>|==)\s")]
    private static partial Regex Comparison();
}
