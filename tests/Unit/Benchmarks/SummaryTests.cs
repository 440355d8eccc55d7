using Microservices.Tests.Benchmarks.Harness;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Benchmarks;

public sealed class SummaryTests
{
    [Fact]
    public void Only_what_stands_between_the_marks_is_rewritten()
    {
        const string before = $"# The suite\n\nIt ends with {Summary.End}.\n\n{Summary.Begin}\n";
        const string after = $"{Summary.End}\n\n## Work on it\n\n{Summary.Begin}\nanother\n{Summary.End}\n\ttabs, trailing blanks  \r\n";

        Assert.Equal($"{before}new\n{after}", Summary.Replace($"{before}old\n| old |\n{after}", "new\n"));
        Assert.Equal($"{before}new\n{after}", Summary.Replace($"{before}new\n{after}", "new\n"));
    }

    [Theory]
    [InlineData("# The suite\n")]
    [InlineData($"# The suite\n{Summary.Begin}\nold\n")]
    [InlineData($"# The suite\n{Summary.End}\nold\n{Summary.Begin}\n")]
    public void Without_both_marks_nothing_is(string text) => Assert.Equal(text, Summary.Replace(text, "new\n"));

    [Fact]
    public async Task What_stands_between_the_READMEs_marks_is_made_of_the_results_beside_it()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Needs.Root, "README.md"));
        var results = await Summary.ReadAsync(Report.DefaultFolder, CancellationToken.None);

        Assert.Contains("](tests/Benchmarks/results/overview.md)", readme, StringComparison.Ordinal);
        Assert.Equal(Summary.Replace(readme, Highlights.Table(results)), readme);
    }

    [Fact]
    public async Task Every_highlight_has_its_figures()
    {
        var results = (await Summary.ReadAsync(Report.DefaultFolder, CancellationToken.None)).ToDictionary(result => result.Scenario);

        Assert.Equal(10, Highlights.All.Count);
        Assert.All(Highlights.All, highlight => Assert.All(
            highlight.Others.Select(other => other.Contender).Prepend(highlight.Ours), contender => Assert.NotNull(highlight.Value(results[highlight.Scenario], contender))));
    }

    [Fact]
    public void A_highlight_of_a_scenario_without_a_result_is_left_out_and_a_contender_without_a_figure_too()
    {
        var result = new ScenarioResult(
            "recover", "", new SettingsResult(1, 1, 1), new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc), "c", "a machine", [], [],
            [new SectionResult("", [new ContenderResult("event streams", [FigureResult.Of(new Figure("lost", [0]), null)])], [])], []);

        Assert.Equal(
            """
            | | this suite | others |
            |---|---:|---|
            | [Events lost, of 1,000 a second, when a replica is killed](tests/Benchmarks/results/recover.md) | 0 |  |

            Measured on 2026-01-02, on a machine.

            """,
            Highlights.Table([result]));
    }
}
