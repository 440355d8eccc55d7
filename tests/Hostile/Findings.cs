using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microservices.Tests.Hostile.Cases;

namespace Microservices.Tests.Hostile;

/// <summary>What was wrong, with the first case of each kind.</summary>
internal sealed partial class Findings(HostileOptions options)
{
    private readonly ConcurrentDictionary<string, (int Number, string Input, int Count)> found = [];

    /// <summary>Whether anything was.</summary>
    public bool Any => !found.IsEmpty;

    /// <summary>How many kinds there are.</summary>
    public int Count => found.Count;

    /// <summary>Adds one.</summary>
    public void Add(int number, HostileCase hostile, string problem) =>
        found.AddOrUpdate($"{hostile.Kind}: {Digits().Replace(problem, "#")}", _ => (number, $"{problem}\n    {hostile.Input}", 1), (_, old) => old with { Count = old.Count + 1 });

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (kind, first) in found.OrderByDescending(f => f.Value.Count))
            text.Append(CultureInfo.InvariantCulture, $"{first.Count} x {kind}\n    {options.Again(first.Number)}\n    {first.Input}\n");
        return text.ToString();
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();
}
