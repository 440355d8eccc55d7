using Gherkin;
using Gherkin.Ast;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>A scenario of a feature file beside this one: its steps, without their keywords.</summary>
public sealed record FeatureScenario(string Name, IReadOnlyList<string> Steps)
{
    /// <summary>Those of a file.</summary>
    public static IReadOnlyList<FeatureScenario> Of(string file) =>
        [.. new Parser().Parse(Path.Combine(AppContext.BaseDirectory, "Browser", file)).Feature.Children.OfType<Scenario>().Select(scenario => new FeatureScenario(scenario.Name, [.. scenario.Steps.Select(step => step.Text)]))];

    /// <summary>One of a file.</summary>
    public static FeatureScenario Of(string file, string name) => Of(file).Single(scenario => scenario.Name == name);

    /// <summary>The scenarios of files, each as its file and its name.</summary>
    public static IEnumerable<object[]> NamesOf(params string[] files) => from file in files from scenario in Of(file) select (object[])[file, scenario.Name];
}
