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
    public async Task The_READMEs_marks_are_there_and_what_stands_between_them_is_the_measured_table()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Needs.Root, "README.md"));

        Assert.Contains("](tests/Benchmarks/results/", readme, StringComparison.Ordinal);
        Assert.DoesNotContain("](tests/Benchmarks/results/", Summary.Replace(readme, ""), StringComparison.Ordinal);
    }
}
