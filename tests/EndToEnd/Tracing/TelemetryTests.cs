using System.Globalization;
using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Xunit;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>What a suite sends of itself while little is asked of it.</summary>
public sealed class TelemetryTests(TracedSuite suite) : IClassFixture<TracedSuite>
{
    [FactNeeding(Need.RedisServer)]
    public async Task Polls_probes_and_heartbeats_make_no_traces()
    {
        await UntilPolledAsync("users", "/users.v1.UsersService/ListChangedUsers");
        await UntilPolledAsync("orders", "/orders.v1.OrdersService/ListChangedUsers");
        var trace = new CallersTrace();
        foreach (var service in suite.Services.Names)
        {
            using var probe = await suite.Rest.GetAsync(new Uri($"{suite.Services[service][0].Management}/health/ready"));
            probe.EnsureSuccessStatusCode();
        }

        // What was recorded in a process before these was sent before them.
        foreach (var (service, path) in new[] { ("users", "/v1/users/nobody"), ("orders", "/v1/orders/none") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "traceparent", trace.Header } } };
            using var response = await suite.Rest.SendAsync(request);
            await suite.SpanAsync($"the gateway's span of {path}", s => s.Service == "gateway" && s.ParentId == trace.SpanId && s["url.path"] == path);
            await suite.SpanAsync($"that of {service}", s => s.Service == service && s.TraceId == trace.Id && s.Kind == SpanKind.Server);
        }

        Assert.DoesNotContain(suite.Collector.Spans, s => s.TraceId != trace.Id);
    }

    [FactNeeding(Need.RedisServer)]
    public async Task Metrics_and_logs_are_sent_too_by_the_names_of_the_services()
    {
        foreach (var service in suite.Services.Names)
        {
            await Eventually.UntilAsync(() => suite.Collector.Metrics.Contains((service, "dotnet.process.memory.working_set")), $"metrics of {service}");
            await Eventually.UntilAsync(() => suite.Collector.Logs.Any(l => l.Resource.Text("service.name") == service && l.Text.StartsWith("Application started", StringComparison.Ordinal)), $"the log of {service}");
        }

        Assert.Equal(suite.Services.Names.Order(), suite.Collector.Metrics.Select(m => m.Service).Distinct().Order());
    }

    private async Task UntilPolledAsync(string service, string method)
    {
        using var http = new HttpClient();
        var wanted = string.Create(CultureInfo.InvariantCulture, $"rpc_method=\"{method}\"");
        await Eventually.UntilAsync(async () => (await http.GetStringAsync(new Uri($"{suite.Services[service][0].Management}/metrics"))).Split('\n')
            .Where(line => line.StartsWith("rpc_server_call_duration_seconds_count", StringComparison.Ordinal) && line.Contains(wanted, StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)) >= 5, $"{service} was polled");
    }
}
