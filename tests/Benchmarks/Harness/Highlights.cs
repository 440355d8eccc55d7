using System.Globalization;
using System.Text;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>The figures that matter most, for somebody who has never seen the suite: a table in the repository's README.</summary>
internal static class Highlights
{
    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<Highlight> All { get; } =
    [
        new("Overviews a second, to 64 connections, while nothing changes", "overview", "64 connections", "requests/s", "gateway")
            { Others = [("gateway that asks", "when every part is asked for"), ("unary", "two unary calls, written by hand"), ("FastAPI", "FastAPI with asyncio")] },
        new("99 % of those are answered within", "overview", "64 connections", "p99, ms", "gateway", "ms")
            { Others = [("unary", "two unary calls"), ("FastAPI", "FastAPI")] },
        new("An overview when Users takes 2 s and Orders 3 s", "slowest", "", "p50, s", "overview", "s")
            { Others = [("one after the other", "one after the other")] },
        new("1,000 calls of 46 ms each at the same time", "article", "Concurrently", "1,000 operations, s", "call stream", "s")
            { Others = [("unary .NET", "unary gRPC"), ("asyncio, grpc.aio", "asyncio with grpc.aio")] },
        new("Orders a second from one caller, each on disk in PostgreSQL", "orders", "PostgreSQL", "orders/s", "1 stream")
            { Others = [("1 unary caller", "unary gRPC")] },
        new("99 % of the answers within, at three times the load that Orders can bear", "overload", "", "admitted p99 under overload, ms", "with the limiter", "ms")
            { Others = [("without", "without the adaptive limit")] },
        new("Events lost, of 1,000 a second, when a replica is killed", "recover", "", "lost", "event streams")
            { Others = [("SignalR", "SignalR")] },
        new("Events delivered a second, of one topic to 1,000 subscribers", "fanout", "1,000 subscribers, each at its peak", "deliveries/s", "event streams")
            { Others = [("SignalR", "SignalR"), ("bare gRPC", "bare gRPC, nothing kept")] },
        new("Events delivered a second, each to one of 10,000 topics", "topics", "busy, each at its peak", "deliveries/s", "event streams")
            { Others = [("SignalR", "SignalR, nothing kept")] },
        new("Memory of an idle event stream", "idle", "", "memory a stream, bytes", "event streams", "bytes")
            { Others = [("SignalR", "SignalR"), ("bare gRPC", "bare gRPC")] },
    ];

    /// <summary>The table; a scenario that has no result is left out.</summary>
    public static string Table(IReadOnlyList<ScenarioResult> results)
    {
        var text = new StringBuilder("| | this suite | others |\n|---|---:|---|\n");
        foreach (var highlight in All)
        {
            if (results.FirstOrDefault(result => result.Scenario == highlight.Scenario) is not { } result)
                continue;
            var others = highlight.Others.Select(other => (other.Words, Value: highlight.Value(result, other.Contender))).Where(other => other.Value is not null);
            text.Append(CultureInfo.InvariantCulture, $"| [{highlight.What}](tests/Benchmarks/results/{highlight.Scenario}.md) | {highlight.Value(result, highlight.Ours)} | {string.Join("; ", others.Select(other => $"{other.Value} {other.Words}"))} |\n");
        }

        return text.Append('\n').Append(Summary.Circumstances(results)).Append('\n').ToString();
    }
}

/// <summary>One figure of ours beside those of others.</summary>
/// <param name="What">What it is, in words for a newcomer.</param>
/// <param name="Scenario">Which result has it.</param>
/// <param name="Section">The title of the result's section.</param>
/// <param name="Figure">Its name there.</param>
/// <param name="Ours">The contender that is the suite.</param>
/// <param name="Unit">What is written after the value.</param>
internal sealed record Highlight(string What, string Scenario, string Section, string Figure, string Ours, string Unit = "")
{
    /// <summary>The others, and what to call them; one that was left out of the result has no figure.</summary>
    public required IReadOnlyList<(string Contender, string Words)> Others { get; init; }

    /// <summary>The median, with its unit; null when the contender has none.</summary>
    public string? Value(ScenarioResult result, string contender)
    {
        var figure = result.Sections.FirstOrDefault(section => section.Title == Section)?.Contenders.FirstOrDefault(c => c.Name == contender)?.Figures.FirstOrDefault(f => f.Name == Figure);
        return figure is null ? null : $"{Harness.Figure.Text(figure.Median)} {Unit}".TrimEnd();
    }
}
