using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Support.Otlp;

/// <summary>A collector inside this process, on a free port: it keeps what processes send it over OTLP.</summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> spans = [];
    private readonly ConcurrentQueue<ReceivedLog> logs = [];
    private readonly ConcurrentDictionary<(string Service, string Metric), bool> metrics = [];
    private readonly WebApplication app;

    private OtlpCollector(bool keeps)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Endpoint);
        app = builder.Build();
        Map<TracesRequest>("/v1/traces", TracesRequest.Parser, keeps, Keep);
        Map<MetricsRequest>("/v1/metrics", MetricsRequest.Parser, keeps, Keep);
        Map<LogsRequest>("/v1/logs", LogsRequest.Parser, keeps, Keep);
    }

    /// <summary>Where it listens.</summary>
    public string Endpoint { get; } = $"http://127.0.0.1:{Eventually.FreePort()}";

    /// <summary>The environment of a process that sends everything here, and soon.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Endpoint,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_TRACES_SAMPLER"] = "parentbased_always_on",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
    };

    /// <summary>The spans that have come.</summary>
    public IReadOnlyList<ReceivedSpan> Spans => [.. spans];

    /// <summary>The lines of logs that have come.</summary>
    public IReadOnlyList<ReceivedLog> Logs => [.. logs];

    /// <summary>Which metrics have come.</summary>
    public IReadOnlyCollection<(string Service, string Metric)> Metrics => [.. metrics.Keys];

    /// <summary>Starts one.</summary>
    /// <param name="keeps">Whether it keeps what comes; otherwise all is accepted, and lost.</param>
    public static async Task<OtlpCollector> StartAsync(bool keeps = true)
    {
        var collector = new OtlpCollector(keeps);
        await collector.app.StartAsync();
        return collector;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();

    private void Map<T>(string path, Google.Protobuf.MessageParser<T> parser, bool keeps, Action<T> keep)
        where T : Google.Protobuf.IMessage<T> =>
        app.MapPost(path, async (HttpContext http) =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            if (keeps)
                keep(parser.ParseFrom(body.ToArray()));
        });

    private void Keep(TracesRequest request)
    {
        foreach (var resource in request.ResourceSpans)
        {
            foreach (var span in resource.ScopeSpans.SelectMany(scope => scope.Spans))
                spans.Enqueue(new ReceivedSpan(resource.Resource, span));
        }
    }

    private void Keep(MetricsRequest request)
    {
        foreach (var resource in request.ResourceMetrics)
        {
            foreach (var metric in resource.ScopeMetrics.SelectMany(scope => scope.Metrics))
                metrics[(resource.Resource.Text("service.name"), metric.Name)] = true;
        }
    }

    private void Keep(LogsRequest request)
    {
        foreach (var resource in request.ResourceLogs)
        {
            foreach (var line in resource.ScopeLogs.SelectMany(scope => scope.LogRecords))
                logs.Enqueue(new ReceivedLog(resource.Resource, line));
        }
    }
}
