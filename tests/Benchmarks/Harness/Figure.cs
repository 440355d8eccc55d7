using System.Globalization;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>A figure in each round.</summary>
/// <param name="Name">What it is, with its unit.</param>
/// <param name="Rounds">One value a round, in their order.</param>
internal sealed record Figure(string Name, IReadOnlyList<double> Rounds)
{
    public double Median
    {
        get
        {
            var ordered = Rounds.Order().ToArray();
            return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
        }
    }

    public double Min => Rounds.Min();

    public double Max => Rounds.Max();

    /// <summary>As people read it: three digits or so.</summary>
    public static string Text(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    /// <summary>The median, and between what it varied.</summary>
    public override string ToString() => Rounds.Count == 1 ? Text(Median) : $"{Text(Median)} ({Text(Min)} to {Text(Max)})";
}

/// <summary>What one figure is in terms of another, round by round.</summary>
/// <param name="Name">Which they are.</param>
/// <param name="Rounds">One value a round, in their order.</param>
/// <param name="Goal">What its median should be; null when that is not said.</param>
internal sealed record Ratio(string Name, IReadOnlyList<double> Rounds, Goal? Goal)
{
    public Figure Figure => new(Name, Rounds);
}
