using Microservices.Tests.Benchmarks;
using Microservices.Tests.Benchmarks.Harness;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Benchmarks;

public sealed class ReportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("report-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_file_holds_every_round_of_every_figure_and_how_it_was_measured()
    {
        var result = await WriteAsync();

        Assert.Equal(("overview", "What was done."), (result.Scenario, result.What));
        Assert.Equal(new SettingsResult(Rounds: 3, Seconds: 5, WarmUpSeconds: 2), result.Settings);
        Assert.Equal([".NET", "HdrHistogram", "wrk"], result.Versions.Keys);
        Assert.All([result.Machine, result.Commit], Assert.NotEmpty);
        var section = Assert.Single(result.Sections);
        Assert.Equal("64 connections", section.Title);
        Assert.Equal(["gateway", "unary"], section.Contenders.Select(c => c.Name));
        Assert.Equal(["requests/s", "failed"], section.Contenders[0].Figures.Select(f => f.Name));
        Assert.Equal([10, 20, 90], section.Contenders[0].Figures[0].Rounds);
        Assert.Equal((20, 10, 90), (section.Contenders[0].Figures[0].Median, section.Contenders[0].Figures[0].Min, section.Contenders[0].Figures[0].Max));
        Assert.Equal(["A note."], result.Notes);
    }

    [Fact]
    public async Task A_ratio_to_nothing_is_kept_as_that()
    {
        var ratio = (await WriteAsync()).Sections[0].Ratios[1];

        Assert.Equal("failed: gateway / unary", ratio.Name);
        Assert.Equal([double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity], ratio.Rounds);
        Assert.False(ratio.Met);
    }

    [Fact]
    public async Task The_table_shows_contenders_beside_each_other_and_then_the_ratios()
    {
        await WriteAsync();
        var table = await File.ReadAllTextAsync(Path.Combine(folder, "overview.md"));

        Assert.Contains(
            """
            ## 64 connections

            | | gateway | unary |
            |---|---:|---:|
            | requests/s | 20 (10 to 90) | 10 (1 to 30) |
            | failed | 1 (1 to 1) | 0 (0 to 0) |

            | ratio, round by round | median | min | max | goal | |
            |---|---:|---:|---:|---|---|
            | requests/s: gateway / unary | 3 | 2 | 10 | >= 2.5 | met |
            | failed: gateway / unary | Infinity | Infinity | Infinity | <= 1 | **missed** |

            A note.
            """,
            table,
            StringComparison.Ordinal);
        Assert.Contains("3 rounds of 5 s, contenders in turns, after 2 s of warm-up each.", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_was_left_out_is_named_with_the_reason()
    {
        var result = await WriteAsync();
        await Summary.WriteAsync(folder, CancellationToken.None);

        Assert.Equal([KeyValuePair.Create("FastAPI", "Python lacks uvloop")], result.LeftOut);
        Assert.Contains("\n**Left out: FastAPI**: Python lacks uvloop\n", await File.ReadAllTextAsync(Path.Combine(folder, "overview.md")), StringComparison.Ordinal);
        Assert.Contains(" Left out: overview: FastAPI, Python lacks uvloop.\n", await File.ReadAllTextAsync(Path.Combine(folder, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_summary_has_the_ratios_and_results_elsewhere_do_not_get_into_the_repositorys_README()
    {
        var readme = Path.Combine(Needs.Root, "README.md");
        var before = await File.ReadAllTextAsync(readme);
        await WriteAsync();
        await Summary.WriteAsync(folder, CancellationToken.None);

        Assert.Contains(
            """
            | scenario | what | median | min | max | goal | |
            |---|---|---:|---:|---:|---|---|
            | [overview](overview.md) | 64 connections: requests/s: gateway / unary | 3 | 2 | 10 | >= 2.5 | met |
            | [overview](overview.md) | 64 connections: failed: gateway / unary | Infinity | Infinity | Infinity | <= 1 | **missed** |
            """,
            await File.ReadAllTextAsync(Path.Combine(folder, "README.md")),
            StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(readme));
    }

    [Fact]
    public async Task Without_results_there_is_no_summary()
    {
        await Summary.WriteAsync(folder, CancellationToken.None);

        Assert.Empty(Directory.EnumerateFiles(folder));
    }

    private async Task<ScenarioResult> WriteAsync()
    {
        var measured = new Measured();
        foreach (var (ours, theirs) in new[] { (10, 1), (20, 10), (90, 30) })
        {
            measured.Add("gateway", new Figures { ["requests/s"] = ours, ["failed"] = 1 });
            measured.Add("unary", new Figures { ["requests/s"] = theirs, ["failed"] = 0 });
        }

        var report = new Report("overview", "What was done.", new Plan(Rounds: 3, Seconds: 5, WarmUp: 2, folder, Smoke: false));
        report.Versions("HdrHistogram");
        report.Version("wrk", "4.1.0");
        report.Version("FastAPI", null);
        report.LeaveOut("FastAPI", "Python lacks uvloop");
        report.Note("A note.");
        var section = report.Add("64 connections", measured);
        section.Ratio("requests/s", "gateway", "unary", Goal.AtLeast(2.5));
        section.Ratio("failed", "gateway", "unary", Goal.AtMost(1));
        await report.WriteAsync(CancellationToken.None);
        return await Report.ReadAsync(Path.Combine(folder, "overview.json"), CancellationToken.None);
    }
}
