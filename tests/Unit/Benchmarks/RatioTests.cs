using Microservices.Tests.Benchmarks.Harness;

namespace Microservices.Tests.Unit.Benchmarks;

public sealed class RatioTests
{
    private readonly Measured measured = new();

    [Fact]
    public void A_ratio_is_taken_in_each_round_and_its_median_is_of_those()
    {
        Add("ours", 20, 10, 90);
        Add("theirs", 1, 10, 30);
        var section = new Section("", measured);
        section.Ratio("requests/s", "ours", "theirs");

        // That of the medians would be 20 / 10.
        var ratio = Assert.Single(section.ToResult().Ratios);
        Assert.Equal("requests/s: ours / theirs", ratio.Name);
        Assert.Equal([20, 1, 3], ratio.Rounds);
        Assert.Equal((3, 1, 20), (ratio.Median, ratio.Min, ratio.Max));
    }

    [Fact]
    public void It_may_be_of_two_figures_of_the_same_contender()
    {
        measured.Add("ours", new Figures { ["goodput"] = 90, ["peak"] = 100 });
        var section = new Section("", measured);
        section.Ratio("goodput", "ours", "ours", Goal.AtLeast(0.9), "peak");

        var ratio = Assert.Single(section.ToResult().Ratios);
        Assert.Equal("goodput of ours / peak of ours", ratio.Name);
        Assert.Equal((0.9, ">= 0.9", true), (ratio.Median, ratio.Goal, ratio.Met));
    }

    [Fact]
    public void There_is_none_to_one_that_did_not_take_part()
    {
        Add("ours", 10);
        var section = new Section("", measured);
        section.Ratio("requests/s", "ours", "theirs", Goal.AtLeast(1));
        section.Ratio("requests/s", "theirs", "ours", Goal.AtLeast(1));
        section.Goal("requests/s", "theirs", Goal.AtLeast(1));

        Assert.Empty(section.ToResult().Ratios);
    }

    [Fact]
    public void There_is_none_of_rounds_that_only_one_of_them_had()
    {
        Add("ours", 10, 20, 30);
        Add("limit", 40);

        Assert.Throws<InvalidOperationException>(() => new Section("", measured).Ratio("requests/s", "ours", "limit"));
    }

    [Theory]
    [InlineData(new[] { 5.0 }, 5, 5, 5)]
    [InlineData(new[] { 9.0, 1, 5 }, 5, 1, 9)]
    [InlineData(new[] { 100.0, 1, 5, 3 }, 4, 1, 100)]
    public void A_figure_is_told_by_median_smallest_and_largest(double[] rounds, double median, double min, double max)
    {
        var figure = new Figure("requests/s", rounds);

        Assert.Equal((median, min, max), (figure.Median, figure.Min, figure.Max));
    }

    [Theory]
    [InlineData(true, 3, true)]
    [InlineData(true, 3.01, false)]
    [InlineData(false, 3, true)]
    [InlineData(false, 2.99, false)]
    public void A_goal_is_met_or_missed_by_the_median(bool atLeast, double bound, bool met)
    {
        // Neither by the mean, 35, nor by the smallest or the largest.
        Add("ours", 100, 2, 3);
        var section = new Section("", measured);
        section.Goal("requests/s", "ours", atLeast ? Goal.AtLeast(bound) : Goal.AtMost(bound));

        Assert.Equal(met, Assert.Single(section.ToResult().Ratios).Met);
    }

    [Fact]
    public void What_is_no_number_meets_no_goal()
    {
        Assert.False(Goal.AtLeast(1).IsMetBy(double.NaN));
        Assert.False(Goal.AtMost(1).IsMetBy(double.NaN));
    }

    private void Add(string contender, params double[] rounds)
    {
        foreach (var value in rounds)
            measured.Add(contender, new Figures { ["requests/s"] = value });
    }
}
