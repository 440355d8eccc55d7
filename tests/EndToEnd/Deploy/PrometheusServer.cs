using System.Diagnostics;
using System.Text.Json;
using Microservices.Tests.Support;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>
/// A Prometheus with the configuration and the rules of deploy/observability: as they are, but for where the replicas are and how often it looks.
/// </summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("prometheus-").FullName;
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(10) };
    private Process? process;

    /// <summary>The files that it is given.</summary>
    public static string Source { get; } = Path.Combine(Needs.Root, "deploy", "observability");

    /// <summary>Starts one that scrapes these addresses, by job; returns when it answers.</summary>
    public static async Task<PrometheusServer> StartAsync(IReadOnlyDictionary<string, string> targets)
    {
        var server = new PrometheusServer();
        var text = await File.ReadAllTextAsync(Path.Combine(Source, "prometheus.yaml"));
        var config = text.Replace("_interval: 15s", "_interval: 1s", StringComparison.Ordinal)
            .Replace("rules/", Path.Combine(Source, "rules") + "/", StringComparison.Ordinal);
        var file = Path.Combine(server.directory, "prometheus.yaml");
        await File.WriteAllTextAsync(file, config);
        await File.WriteAllLinesAsync(Path.Combine(server.directory, "replicas.yaml"),
            targets.Select(t => $"- {{ labels: {{ job: {t.Key} }}, targets: ['{new Uri(t.Value).Authority}'] }}"));

        var port = Eventually.FreePort();
        server.client.BaseAddress = new Uri($"http://127.0.0.1:{port}");
        server.process = Process.Start(new ProcessStartInfo("prometheus",
            [$"--config.file={file}", $"--storage.tsdb.path={server.directory}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]));
        await Eventually.UntilAsync(server.AnswersAsync, "Prometheus answers");
        return server;
    }

    /// <summary>Whether a query has a result with a number in it.</summary>
    public async Task<bool> HasDataAsync(string query)
    {
        using var answer = await client.PostAsync(new Uri("/api/v1/query", UriKind.Relative), new FormUrlEncodedContent([new("query", query)]));
        using var json = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync());
        if (json.RootElement.GetProperty("status").GetString() != "success")
            throw new InvalidOperationException($"{json.RootElement.GetProperty("error")}: {query}");
        return json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Any(series => series.GetProperty("value")[1].GetString() != "NaN");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        process?.Kill();
        if (process is not null)
            await process.WaitForExitAsync();
        process?.Dispose();
        client.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await client.GetAsync(new Uri("/-/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
