using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>
/// In whose name load is generated: an operator's, who may ask for everybody's, by a token that outlives every run. Generators are processes of
/// their own, some of them in other languages, and find it in their environment.
/// </summary>
internal static class LoadToken
{
    /// <summary>The environment variable of a generator.</summary>
    public const string Variable = "BENCHMARK_TOKEN";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    /// <summary>The token: that of the process which started this one, if it gave one.</summary>
    public static string Value { get; } = Environment.GetEnvironmentVariable(Variable) ?? Tokens.Authority.Operator(lifetime: Lifetime);

    /// <summary>The headers of a call.</summary>
    public static Metadata Headers { get; } = new() { { "authorization", $"Bearer {Value}" } };

    /// <summary>The token, for the clients of streams.</summary>
    public static ValueTask<string> GetAsync(CancellationToken cancellationToken) => new(Value);

    /// <summary>The tokens of these users, each its own, for as long.</summary>
    public static IEnumerable<string> Of(IEnumerable<string> userIds) => userIds.Select(userId => Tokens.Authority.Person(userId, lifetime: Lifetime));
}
