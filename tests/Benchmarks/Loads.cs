namespace Microservices.Tests.Benchmarks;

/// <summary>The load generators by name, each run in a process of its own.</summary>
internal static class Loads
{
    public static readonly IReadOnlyDictionary<string, Func<LoadChannel, CancellationToken, Task>> All = new Dictionary<string, Func<LoadChannel, CancellationToken, Task>>
    {
        ["http"] = HttpLoad.RunAsync,
    };
}
