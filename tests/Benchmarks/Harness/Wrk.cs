using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microservices.Tests.Support;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What a run of wrk measured.</summary>
/// <param name="Requests">Answers.</param>
/// <param name="PerSecond">Answers a second, of the time that it really took.</param>
/// <param name="P50">Half of the answers took at most so long, in milliseconds.</param>
/// <param name="P99">99 % of them, in milliseconds.</param>
/// <param name="Failed">Answers with another status than 2xx or 3xx, and requests without an answer.</param>
internal sealed record WrkResult(long Requests, double PerSecond, double P50, double P99, long Failed)
{
    /// <summary>As figures of a contender.</summary>
    public Figures ToFigures() => new() { ["requests/s"] = PerSecond, ["p50, ms"] = P50, ["p99, ms"] = P99, ["failed requests"] = Failed, Operations = Requests };
}

/// <summary>The load generator wrk: a process of its own, closed loop (each connection sends its next request when it has its answer).</summary>
internal static partial class Wrk
{
    /// <summary>Why it cannot run here; null when it can.</summary>
    public static string? WhyNot => Needs.Program("wrk") is null ? "wrk is not installed (apt-get install wrk)" : null;

    /// <summary>Requests what the script says, over so many connections, for some seconds.</summary>
    public static async Task<WrkResult> RunAsync(string address, string script, int connections, int seconds, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Needs.Program("wrk") ?? throw new InvalidOperationException(WhyNot),
            ["-t1", string.Create(CultureInfo.InvariantCulture, $"-c{connections}"), string.Create(CultureInfo.InvariantCulture, $"-d{seconds}s"), "--latency", "-s", script, address])
        {
            RedirectStandardOutput = true,
        };
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync(cancellationToken);
        await wrk.WaitForExitAsync(cancellationToken);
        if (wrk.ExitCode != 0)
            throw new InvalidOperationException($"wrk ended with {wrk.ExitCode}: {output}");
        return Parse(output);
    }

    /// <summary>A script that asks for each of the paths in turn, all of them with the token of all load, or each with one of its own.</summary>
    public static string Script(string folder, string name, IEnumerable<string> paths, IEnumerable<string>? tokens = null)
    {
        var (list, script) = (Path.Combine(folder, name + ".txt"), Path.Combine(folder, name + ".lua"));
        File.WriteAllLines(list, tokens is null ? paths.Select(path => $"{path} {LoadToken.Value}") : paths.Zip(tokens, (path, token) => $"{path} {token}"));
        File.WriteAllText(script, $$"""
            local requests = {}
            init = function()
              for path, token in io.open("{{list}}"):read("*a"):gmatch("(%S+) (%S+)") do
                requests[#requests + 1] = wrk.format("GET", path, { Host = wrk.headers["Host"], Authorization = "Bearer " .. token })
              end
            end
            local i = 0
            request = function()
              i = i % #requests + 1
              return requests[i]
            end
            """);
        return script;
    }

    /// <summary>What wrk printed, with --latency.</summary>
    internal static WrkResult Parse(string output)
    {
        var failed = NonSuccess().Match(output) is { Success: true } status ? long.Parse(status.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        if (SocketErrors().Match(output) is { Success: true } errors)
            failed += errors.Groups.Values.Skip(1).Sum(g => long.Parse(g.Value, CultureInfo.InvariantCulture));
        return new WrkResult(
            long.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture), Number(PerSecond().Match(output).Groups[1].Value), Milliseconds(P50().Match(output)), Milliseconds(P99().Match(output)), failed);
    }

    private static double Milliseconds(Match match) => Number(match.Groups[1].Value) * (match.Groups[2].Value switch
    {
        "us" => 0.001,
        "ms" => 1,
        "s" => 1_000,
        _ => 60_000,
    });

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) requests in ")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"\b50%\s+([\d.]+)(us|ms|s|m)")]
    private static partial Regex P50();

    [GeneratedRegex(@"\b99%\s+([\d.]+)(us|ms|s|m)")]
    private static partial Regex P99();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex NonSuccess();

    [GeneratedRegex(@"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")]
    private static partial Regex SocketErrors();
}
