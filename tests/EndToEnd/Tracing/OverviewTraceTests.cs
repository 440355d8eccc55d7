using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Xunit;

namespace Microservices.Tests.EndToEnd.Tracing;

/// <summary>Of an overview one sees everything, from the request to the rows.</summary>
public sealed class OverviewTraceTests
{
    private static readonly string[] Services = ["users", "orders"];

    [TheoryNeeding(Need.RedisServer, Need.PostgreSql)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_overview_is_one_trace_with_the_gateway_both_lookups_and_the_databases_below(bool onPostgres)
    {
        await using var postgres = onPostgres ? await PostgresServer.StartAsync() : null;
        var suite = await TracedSuite.StartAsync(postgres);
        try
        {
            var userId = await suite.NewUserAsync();
            var trace = new CallersTrace();
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{userId}/overview") { Headers = { { "traceparent", trace.Header } } };
            using var response = await suite.Rest.SendAsync(request);
            response.EnsureSuccessStatusCode();

            var entry = await suite.SpanAsync("the gateway's span", s => s.TraceId == trace.Id && s.Service == "gateway" && s.Kind == SpanKind.Server);
            Assert.Equal(trace.SpanId, entry.ParentId);
            Assert.Equal("microservices", entry.Resource.Text("service.namespace"));
            Assert.NotEmpty(entry.Resource.Text("service.instance.id"));
            foreach (var service in Services)
                await SeeLookupAsync(suite, entry, service, userId);
            Assert.All(suite.Collector.Spans.Where(s => s.TraceId == trace.Id && s.Kind == SpanKind.Server), s => Assert.Contains(s.Service, (string[])["gateway", .. Services]));
        }
        finally
        {
            await suite.DisposeAsync();
        }
    }

    private static async Task SeeLookupAsync(TracedSuite suite, ReceivedSpan entry, string service, string userId)
    {
        var name = $"{char.ToUpperInvariant(service[0])}{service[1..]}";
        var method = $"{service}.v1.{name}Service/Lookup{name}";
        var caller = await suite.SpanAsync($"the call of {method}", s => s.ParentId == entry.SpanId && s.Kind == SpanKind.Client && s.Name == method);
        var callee = await suite.SpanAsync($"{method}, answered", s => s.ParentId == caller.SpanId);
        var database = await suite.SpanAsync($"a query of {service}", s => s.ParentId == callee.SpanId && s["db.system.name"].Length > 0);

        Assert.Equal(("gateway", entry.TraceId), (caller.Service, caller.TraceId));
        Assert.Equal((service, SpanKind.Server, entry.TraceId), (callee.Service, callee.Kind, callee.TraceId));
        foreach (var span in (ReceivedSpan[])[caller, callee])
            Assert.Equal(("grpc", method, "OK"), (span["rpc.system.name"], span["rpc.method"], span["rpc.response.status_code"]));
        Assert.Equal((service, SpanKind.Client, entry.TraceId), (database.Service, database.Kind, database.TraceId));
        Assert.Contains("SELECT", database["db.query.text"], StringComparison.Ordinal);
        Assert.DoesNotContain(userId, database.ToString(), StringComparison.Ordinal);
    }
}
