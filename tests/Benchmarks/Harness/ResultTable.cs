using System.Globalization;
using System.Text;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>A result for people: a table a section, contenders beside each other, then the ratios.</summary>
internal static class ResultTable
{
    public static string Of(ScenarioResult result)
    {
        var text = new StringBuilder();
        var settings = result.Settings;
        text.Append(CultureInfo.InvariantCulture, $"# {result.Scenario}\n\n{result.What}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{settings.Rounds} rounds of {settings.Seconds} s, contenders in turns, after {settings.WarmUpSeconds} s of warm-up each. ");
        text.Append(CultureInfo.InvariantCulture, $"Median (smallest to largest) of the rounds. {result.Time:yyyy-MM-dd}, commit {result.Commit}.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Machine: {result.Machine}; everything that is measured and what loads it share it.\n\nVersions: {string.Join(", ", result.Versions.Select(v => $"{v.Key} {v.Value}"))}.\n");
        foreach (var (contender, why) in result.LeftOut)
            text.Append(CultureInfo.InvariantCulture, $"\n**Left out: {contender}**: {why}\n");
        foreach (var section in result.Sections)
            Append(text, section);
        foreach (var note in result.Notes)
            text.Append(CultureInfo.InvariantCulture, $"\n{note}\n");
        return text.ToString();
    }

    private static void Append(StringBuilder text, SectionResult section)
    {
        if (section.Title.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"\n## {section.Title}\n");
        text.Append(CultureInfo.InvariantCulture, $"\n| | {string.Join(" | ", section.Contenders.Select(c => c.Name))} |\n|---|{string.Concat(section.Contenders.Select(_ => "---:|"))}\n");
        foreach (var name in section.Contenders.SelectMany(c => c.Figures.Select(f => f.Name)).Distinct())
        {
            var cells = section.Contenders.Select(c => c.Figures.FirstOrDefault(f => f.Name == name) is { } f ? new Figure(f.Name, f.Rounds).ToString() : "");
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells)} |\n");
        }

        if (section.Ratios.Count == 0)
            return;
        text.Append("\n| ratio, round by round | median | min | max | goal | |\n|---|---:|---:|---:|---|---|\n");
        foreach (var ratio in section.Ratios)
            text.Append(CultureInfo.InvariantCulture, $"| {ratio.Name} | {Figure.Text(ratio.Median)} | {Figure.Text(ratio.Min)} | {Figure.Text(ratio.Max)} | {ratio.Goal} | {Met(ratio)} |\n");
    }

    public static string Met(FigureResult ratio) => ratio.Met switch
    {
        true => "met",
        false => "**missed**",
        null => "",
    };
}
