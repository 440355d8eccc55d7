namespace Microservices.Tests.Benchmarks;

/// <summary>How much to measure, and where the figures go.</summary>
/// <param name="Rounds">How often each contender is measured.</param>
/// <param name="Seconds">How long each time.</param>
/// <param name="WarmUp">How long each runs before, in seconds.</param>
/// <param name="Results">The folder of the results.</param>
internal sealed record Plan(int Rounds, int Seconds, int WarmUp, string Results);

/// <summary>What can be measured.</summary>
internal static class Scenarios
{
    private static readonly (string Name, string Description, Func<Plan, CancellationToken, Task> Run)[] Each =
    [
        ("overview", "GET /v1/users/{id}/overview: the gateway as shipped, unary fan-out by hand, and the same answer from memory.", OverviewScenario.RunAsync),
    ];

    /// <summary>Each by its name, and all of them.</summary>
    public static IEnumerable<(string Name, string Description, Func<Plan, CancellationToken, Task>[] Run)> All =>
        Each.Select(s => (s.Name, s.Description, new[] { s.Run })).Append(("all", "All of them, one after the other.", Each.Select(s => s.Run).ToArray()));
}
