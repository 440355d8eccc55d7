using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile;

/// <summary>Watches the processes: what they log as errors, whether they live, and the most memory they had.</summary>
internal sealed class ProcessWatch : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    private static readonly string[] Errors = ["\"LogLevel\":\"Error\"", "\"LogLevel\":\"Critical\"", "Unhandled exception", "fail: ", "crit: "];

    private readonly CancellationTokenSource over = new();
    private readonly ConcurrentDictionary<string, (string Line, int Count)> lines = [];
    private readonly Dictionary<ReplicaProcess, long> peaks;
    private readonly Task watching;

    /// <summary>Watches from now on; what was logged before counts.</summary>
    /// <param name="processes">The processes.</param>
    /// <param name="meanwhile">What is going on, to be said beside a line.</param>
    public ProcessWatch(IReadOnlyList<ReplicaProcess> processes, Func<string> meanwhile)
    {
        peaks = processes.ToDictionary(process => process, process => process.Memory);
        foreach (var process in processes)
        {
            process.Written += line => Look(process, line, meanwhile);
            foreach (var line in process.Output.Split('\n'))
                Look(process, line, () => "at the start");
        }

        watching = WatchAsync();
    }

    /// <summary>What was logged that must not be: of each kind how often, and its first line with what went on then.</summary>
    public IReadOnlyList<string> Lines => [.. lines.Values.OrderByDescending(line => line.Count).Select(line => $"{line.Count} x {line.Line}")];

    /// <summary>What was wrong with the processes: one that has ended, or had more memory than its pod.</summary>
    public IEnumerable<string> Problems => peaks.SelectMany(peak => (IEnumerable<string>)
    [
        .. peak.Key.IsRunning ? Array.Empty<string>() : [$"{peak.Key.Service} has ended: {Tail(peak.Key.Output)}"],
        .. peak.Value <= HostileSuite.PodBytes ? Array.Empty<string>() : [$"{peak.Key.Service} had {peak.Value >> 20} MB"],
    ]);

    /// <summary>The most memory that each had.</summary>
    public string Peaks => string.Join(", ", peaks.Select(peak => string.Create(CultureInfo.InvariantCulture, $"{peak.Key.Service} {peak.Value >> 20} MB")));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await watching;
        over.Dispose();
    }

    private void Look(ReplicaProcess process, string line, Func<string> meanwhile)
    {
        if (Errors.Any(error => line.Contains(error, StringComparison.Ordinal)))
            lines.AddOrUpdate(Kind(process, line), _ => ($"{process.Service}: {(line.Length > 1_500 ? line[..1_500] : line)}\n    {meanwhile()}", 1), (_, old) => old with { Count = old.Count + 1 });
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Period);
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
            {
                foreach (var process in peaks.Keys.Where(process => process.IsRunning))
                    peaks[process] = Math.Max(peaks[process], process.Memory);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was seen.
        }
    }

    // Who wrote it, of what exception; but not when and about which request.
    private static string Kind(ReplicaProcess process, string line)
    {
        try
        {
            var json = JsonNode.Parse(line)!;
            var exception = (string?)json["Exception"] ?? "";
            return $"{process.Service} {json["Category"]} {json["EventId"]} {exception.Split('\n')[0]}";
        }
        catch (JsonException)
        {
            return process.Service;
        }
    }

    private static string Tail(string output) => output[Math.Max(0, output.Length - 2_000)..];
}
