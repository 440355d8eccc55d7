using System.Globalization;
using System.Text;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>All results at a glance: their ratios in one table beside them, and the figures that matter most in the repository's README.</summary>
internal static class Summary
{
    internal const string Begin = "<!-- measured: written by tests/Benchmarks, from its results -->";
    internal const string End = "<!-- /measured -->";

    /// <summary>Writes README.md into the folder, of all results there; and, for those of the checkout, the highlights into its README.</summary>
    public static async Task WriteAsync(string folder, CancellationToken cancellationToken)
    {
        var results = await ReadAsync(folder, cancellationToken);
        if (results.Count == 0)
            return;
        await File.WriteAllTextAsync(Path.Combine(folder, "README.md"), $"# Results\n\n{Table(results)}", cancellationToken);
        if (Path.GetFullPath(folder) == Path.GetFullPath(Report.DefaultFolder))
        {
            var readme = Path.Combine(Needs.Root, "README.md");
            await File.WriteAllTextAsync(readme, Replace(await File.ReadAllTextAsync(readme, cancellationToken), Highlights.Table(results)), cancellationToken);
        }
    }

    /// <summary>The results of all scenarios that have one in the folder.</summary>
    internal static async Task<IReadOnlyList<ScenarioResult>> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        var results = new List<ScenarioResult>();
        foreach (var (name, _, _) in Scenarios.Each)
        {
            var file = Path.Combine(folder, name + ".json");
            if (File.Exists(file))
                results.Add(await Report.ReadAsync(file, cancellationToken));
        }

        return results;
    }

    /// <summary>When and on what they were measured.</summary>
    internal static string Circumstances(IReadOnlyList<ScenarioResult> results)
    {
        var (first, last) = ($"{results.Min(r => r.Time):yyyy-MM-dd}", $"{results.Max(r => r.Time):yyyy-MM-dd}");
        return $"Measured {(first == last ? $"on {first}" : $"from {first} to {last}")}, on {string.Join("; ", results.Select(r => r.Machine).Distinct())}.";
    }

    private static string Table(IReadOnlyList<ScenarioResult> results)
    {
        var text = new StringBuilder("| scenario | what | median | min | max | goal | |\n|---|---|---:|---:|---:|---|---|\n");
        foreach (var result in results)
        {
            foreach (var (section, ratio) in result.Sections.SelectMany(s => s.Ratios.Select(r => (s, r))))
            {
                var what = section.Title.Length > 0 ? $"{section.Title}: {ratio.Name}" : ratio.Name;
                text.Append(CultureInfo.InvariantCulture, $"| [{result.Scenario}]({result.Scenario}.md) | {what} | {Figure.Text(ratio.Median)} | {Figure.Text(ratio.Min)} | {Figure.Text(ratio.Max)} | {ratio.Goal} | {ResultTable.Met(ratio)} |\n");
            }
        }

        var leftOut = results.SelectMany(r => r.LeftOut.Select(l => $"{r.Scenario}: {l.Key}, {l.Value}")).ToList();
        text.Append('\n').Append(Circumstances(results));
        text.Append(leftOut.Count > 0 ? $" Left out: {string.Join("; ", leftOut)}.\n" : "\n");
        return text.ToString();
    }

    /// <summary>Replaces what stands between the marks; a text without them stays as it is.</summary>
    internal static string Replace(string text, string table)
    {
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = begin < 0 ? -1 : text.IndexOf(End, begin, StringComparison.Ordinal);
        return end < 0 ? text : $"{text[..(begin + Begin.Length)]}\n{table}{text[end..]}";
    }
}
