namespace Microservices.Primitives;

/// <summary>Random times, so that what starts together does not stay together. Thread-safe.</summary>
public static class Jitter
{
    /// <summary>Between zero and the bound.</summary>
    public static TimeSpan UpTo(TimeSpan bound) => Between(TimeSpan.Zero, bound);

    /// <summary>Between 80 % and 100 % of an age or a period, so that it stays the bound it is said to be.</summary>
    public static TimeSpan Shorten(TimeSpan age) => Between(0.8 * age, age);

    /// <summary>Between the two.</summary>
    public static TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * Random.Shared.NextDouble());
}
