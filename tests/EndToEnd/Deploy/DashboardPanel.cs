using System.Text.Json;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>A panel of a dashboard of Grafana, with its queries as Grafana would ask them; but for the service, where it is of any.</summary>
internal sealed record DashboardPanel(string Dashboard, string Row, string Title, IReadOnlyList<string> Queries)
{
    /// <summary>The row of what any service has as soon as it runs.</summary>
    public const string Costs = "What each replica costs";

    /// <summary>The row of what any service has as soon as it is called.</summary>
    public const string Answers = "What it answers";

    /// <summary>Whether it is of the service that is chosen.</summary>
    public bool IsOfAnyService => Queries.All(query => query.Contains("$service", StringComparison.Ordinal));

    /// <summary>The panels of all dashboards in the tree.</summary>
    public static IEnumerable<DashboardPanel> All()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(PrometheusServer.Source, "grafana", "dashboards"), "*.json"))
        {
            var row = "";
            foreach (var panel in JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("panels").EnumerateArray())
            {
                var title = panel.GetProperty("title").GetString()!;
                if (!panel.TryGetProperty("targets", out var targets))
                    row = title;
                else
                    yield return new(Path.GetFileNameWithoutExtension(file), row, title, [.. targets.EnumerateArray().Select(t => Filled(t.GetProperty("expr").GetString()!))]);
            }
        }
    }

    /// <summary>Its queries about a service.</summary>
    public string[] Of(string service) => [.. Queries.Select(query => query.Replace("$service", service, StringComparison.Ordinal))];

    private static string Filled(string query) =>
        query.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$namespace", ".*", StringComparison.Ordinal);
}
