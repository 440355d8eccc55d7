namespace Microservices.Tests.Benchmarks;

/// <summary>How much to measure, and where the figures go.</summary>
/// <param name="Rounds">How often each contender is measured.</param>
/// <param name="Seconds">How long each time.</param>
/// <param name="WarmUp">How long each runs before, in seconds.</param>
/// <param name="Results">The folder of the results.</param>
/// <param name="Smoke">Whether it only has to be seen that everything works: as little as possible of everything.</param>
internal sealed record Plan(int Rounds, int Seconds, int WarmUp, string Results, bool Smoke)
{
    /// <summary>How much of something: as measured, or in a smoke run.</summary>
    public T Of<T>(T measured, T smoke) => Smoke ? smoke : measured;
}
