using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks;

/// <summary>A figure in each round.</summary>
/// <param name="Name">What it is, with its unit.</param>
/// <param name="Rounds">One value a round, in their order.</param>
internal sealed record Figure(string Name, IReadOnlyList<double> Rounds)
{
    public double Median => Rounds.Order().ElementAt(Rounds.Count / 2);

    public double Min => Rounds.Min();

    public double Max => Rounds.Max();
}

/// <summary>What a scenario measured: printed, and kept as JSON and as a table.</summary>
internal sealed class Report(string scenario, string settings)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly List<Figure> figures = [];

    /// <summary>tests/Benchmarks/results of the checkout.</summary>
    public static string DefaultFolder => Path.Combine(Needs.Root, "tests", "Benchmarks", "results");

    public void Add(string name, IEnumerable<double> rounds) => figures.Add(new Figure(name, [.. rounds]));

    /// <summary>Adds what one figure is in terms of another, round by round.</summary>
    public void AddRatio(string name, IEnumerable<double> of, IEnumerable<double> to) => Add(name, of.Zip(to, (a, b) => a / b));

    public async Task WriteAsync(string folder, CancellationToken cancellationToken)
    {
        var machine = $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
        var table = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"# {scenario}\n\n{settings}\n\n{DateTime.UtcNow:yyyy-MM-dd}; {machine}\n\n| | median | min | max |\n|---|---:|---:|---:|\n");
        foreach (var figure in figures)
            table.Append(CultureInfo.InvariantCulture, $"| {figure.Name} | {Text(figure.Median)} | {Text(figure.Min)} | {Text(figure.Max)} |\n");
        Console.Write(table);

        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, scenario + ".md"), table.ToString(), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, scenario + ".json"), JsonSerializer.Serialize(new { scenario, settings, time = DateTime.UtcNow, machine, figures }, Json) + "\n", cancellationToken);
    }

    private static string Text(double value) => value.ToString(value >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
}
