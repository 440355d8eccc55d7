using Microservices.Tests.Benchmarks.Overview;

namespace Microservices.Tests.Benchmarks;

/// <summary>What can be measured.</summary>
internal static class Scenarios
{
    /// <summary>Each by its name, in the order that <c>all</c> runs them.</summary>
    public static readonly (string Name, string Description, Func<Plan, CancellationToken, Task> Run)[] Each =
    [
        ("overview", "GET /v1/users/{id}/overview: the gateway as shipped, unary fan-out by hand, FastAPI, and the same answer from memory.", OverviewScenario.RunAsync),
    ];
}
