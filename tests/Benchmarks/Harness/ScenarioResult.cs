namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What a scenario's JSON file holds.</summary>
internal sealed record ScenarioResult(
    string Scenario,
    string What,
    SettingsResult Settings,
    DateTime Time,
    string Commit,
    string Machine,
    OrderedDictionary<string, string> Versions,
    OrderedDictionary<string, string> LeftOut,
    IReadOnlyList<SectionResult> Sections,
    IReadOnlyList<string> Notes);

/// <summary>How much was measured.</summary>
internal sealed record SettingsResult(int Rounds, int Seconds, int WarmUpSeconds);

/// <summary>What was measured under the same circumstances.</summary>
internal sealed record SectionResult(string Title, IReadOnlyList<ContenderResult> Contenders, IReadOnlyList<FigureResult> Ratios);

/// <summary>What was measured of one contender.</summary>
internal sealed record ContenderResult(string Name, IReadOnlyList<FigureResult> Figures);

/// <summary>A figure or a ratio, what was to be of it, and whether it was. No goal: null.</summary>
internal sealed record FigureResult(string Name, double Median, double Min, double Max, IReadOnlyList<double> Rounds, string? Goal, bool? Met)
{
    public static FigureResult Of(Figure figure, Goal? goal) =>
        new(figure.Name, figure.Median, figure.Min, figure.Max, figure.Rounds, goal?.ToString(), goal?.IsMetBy(figure.Median));
}
