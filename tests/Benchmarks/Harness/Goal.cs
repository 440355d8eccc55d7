namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What the median of a figure or a ratio should be. Stated beside what was measured; nothing fails by it.</summary>
/// <param name="Bound">The value.</param>
/// <param name="IsLeast">Whether it is a lower bound.</param>
internal sealed record Goal(double Bound, bool IsLeast)
{
    public static Goal AtLeast(double bound) => new(bound, true);

    public static Goal AtMost(double bound) => new(bound, false);

    public bool IsMetBy(double median) => IsLeast ? median >= Bound : median <= Bound;

    public override string ToString() => (IsLeast ? ">= " : "<= ") + Figure.Text(Bound);
}
