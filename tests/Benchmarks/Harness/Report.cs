using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What a scenario measured: printed, and kept as JSON and as a table.</summary>
/// <param name="scenario">Its name, and that of its files.</param>
/// <param name="what">What was done, with its numbers.</param>
/// <param name="plan">How much was measured.</param>
internal sealed class Report(string scenario, string what, Plan plan)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // A ratio to nothing, as a smoke run may have.
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
    private readonly List<Section> _sections = [];
    private readonly OrderedDictionary<string, string> _versions = [];
    private readonly OrderedDictionary<string, string> _leftOut = [];
    private readonly List<string> _notes = [];

    /// <summary>tests/Benchmarks/results of the checkout.</summary>
    public static string DefaultFolder => Path.Combine(Needs.Root, "tests", "Benchmarks", "results");

    /// <summary>Adds what was measured under the same circumstances.</summary>
    /// <param name="title">Those circumstances; empty when there is only one.</param>
    /// <param name="measured">The figures.</param>
    public Section Add(string title, Measured measured)
    {
        var section = new Section(title, measured);
        _sections.Add(section);
        return section;
    }

    /// <summary>Says that a contender could not be measured.</summary>
    public void LeaveOut(string contender, string why)
    {
        _leftOut[contender] = why;
        Console.WriteLine($"Left out: {contender}: {why}");
    }

    /// <summary>Adds what the figures do not say by themselves.</summary>
    public void Note(string text) => _notes.Add(text);

    /// <summary>Adds what took part: packages by their names, as this repository pins them.</summary>
    public void Versions(params IEnumerable<string> packages)
    {
        foreach (var (name, version) in Machine.Versions(packages))
            _versions[name] = version;
    }

    /// <summary>Adds what took part: a program and what it says of its version. Null: it did not.</summary>
    public void Version(string name, string? version)
    {
        if (version is not null)
            _versions[name] = version;
    }

    /// <summary>Prints the tables, and writes both files.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var result = new ScenarioResult(
            scenario, what, new(plan.Rounds, plan.Seconds, plan.WarmUp), DateTime.UtcNow, Machine.Commit, Machine.Description, _versions, _leftOut,
            [.. _sections.Select(s => s.ToResult())], _notes);
        var table = ResultTable.Of(result);
        Console.Write(table);

        Directory.CreateDirectory(plan.Results);
        await File.WriteAllTextAsync(Path.Combine(plan.Results, scenario + ".md"), table, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(plan.Results, scenario + ".json"), JsonSerializer.Serialize(result, Json) + "\n", cancellationToken);
    }

    /// <summary>Reads what was written.</summary>
    public static async Task<ScenarioResult> ReadAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return (await JsonSerializer.DeserializeAsync<ScenarioResult>(stream, Json, cancellationToken))!;
    }
}

/// <summary>What was measured under the same circumstances, and what follows of it.</summary>
internal sealed class Section(string title, Measured measured)
{
    private readonly List<Ratio> _ratios = [];

    /// <summary>
    /// Adds what a figure of one contender is in terms of another's (by default the same figure), round by round. Nothing when one of
    /// them did not take part.
    /// </summary>
    /// <exception cref="InvalidOperationException">They were not measured in the same rounds.</exception>
    public void Ratio(string figure, string of, string to, Goal? goal = null, string? toFigure = null)
    {
        if (measured.Find(of, figure) is not { } a || measured.Find(to, toFigure ?? figure) is not { } b)
            return;
        if (a.Count != b.Count)
            throw new InvalidOperationException($"{figure}: {of} has {a.Count} rounds, {to} {b.Count}.");
        _ratios.Add(new(toFigure is null ? $"{figure}: {of} / {to}" : $"{figure} of {of} / {toFigure} of {to}", [.. a.Zip(b, (x, y) => x / y)], goal));
    }

    /// <summary>Sets a goal for a figure of a contender itself.</summary>
    public void Goal(string figure, string of, Goal goal)
    {
        if (measured.Find(of, figure) is { } rounds)
            _ratios.Add(new($"{figure}: {of}", rounds, goal));
    }

    /// <summary>Adds a figure made of others, round by round.</summary>
    public void Computed(string name, IEnumerable<double> rounds, Goal? goal = null) => _ratios.Add(new(name, [.. rounds], goal));

    public SectionResult ToResult() => new(
        title,
        [.. measured.Contenders.Select(c => new ContenderResult(c, [.. measured.Of(c).Select(f => FigureResult.Of(new Figure(f.Name, f.Rounds), null))]))],
        [.. _ratios.Select(r => FigureResult.Of(r.Figure, r.Goal))]);
}
