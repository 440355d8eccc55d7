using System.Reflection;
using System.Text.Json;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>Every scenario of tests/Benchmarks runs, with as little of everything as can be. What it measures is not looked at.</summary>
public sealed class BenchmarkTests
{
    // Seconds on a machine of its own; only paid by one that is not.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);
    private static readonly string Program = Path.Combine(Needs.Root, "tests", "Benchmarks", "bin", Needs.Configuration, "net10.0", "Benchmarks.dll");
    private static readonly string Micro = Path.Combine(Needs.Root, "tests", "Benchmarks", "Micro", "bin", Needs.Configuration, "net10.0", "Micro.dll");

    [TheoryNeeding(Need.RedisServer, Need.PostgreSql, Need.Wrk, Need.PythonGrpc)]
    [InlineData("article")]
    [InlineData("overview")]
    [InlineData("slowest")]
    [InlineData("orders")]
    [InlineData("fanout")]
    [InlineData("topics")]
    [InlineData("idle")]
    [InlineData("recover")]
    [InlineData("hedge")]
    [InlineData("overload")]
    [InlineData("deliveries")]
    [InlineData("auth")]
    [InlineData("scale")]
    public async Task A_scenario_runs_and_reports_what_it_measured(string scenario)
    {
        var results = Directory.CreateTempSubdirectory("benchmarks-").FullName;
        try
        {
            var (exitCode, output, error) = await Shell.RunAsync($"exec dotnet '{Program}' {scenario} --smoke --results '{results}'", Timeout);
            Assert.True(exitCode == 0, $"{output}\n{error}");

            using var result = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(results, scenario + ".json")));
            Assert.NotEmpty(result.RootElement.GetProperty("sections").EnumerateArray().SelectMany(s => s.GetProperty("contenders").EnumerateArray()));
            // What the machine lacks is left out and named; where nothing may be skipped, nothing is.
            if (Environment.GetEnvironmentVariable("TESTS_FORBID_SKIPS") == "1")
                Assert.Empty(result.RootElement.GetProperty("leftOut").EnumerateObject());
            Assert.Contains($"[{scenario}]", await File.ReadAllTextAsync(Path.Combine(results, "README.md")), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(results, recursive: true);
        }
    }

    [FactNeeding(Need.RedisServer)]
    public async Task The_micro_benchmarks_run()
    {
        var (exitCode, output, error) = await Shell.RunAsync($"exec dotnet '{Micro}' --smoke", Timeout);
        Assert.True(exitCode == 0, $"{output}\n{error}");
    }

    [Fact]
    public async Task No_scenario_is_without_a_smoke_run()
    {
        var tested = typeof(BenchmarkTests).GetMethod(nameof(A_scenario_runs_and_reports_what_it_measured))!
            .GetCustomAttributes<InlineDataAttribute>().Select(d => (string)d.GetData(null!).Single()[0]);
        var (exitCode, output, error) = await Shell.RunAsync($"dotnet '{Program}' list");
        Assert.True(exitCode == 0, error);
        Assert.Equal(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(), tested.Order());
    }
}
