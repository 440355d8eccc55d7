using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Microservices.Egress;
using Microservices.Tests.Support;
using Microservices.Users;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Tests.Integration.Egress;

/// <summary>What is measured and traced, and that neither says more than it should.</summary>
public sealed class EgressTelemetryTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

    [Fact]
    public async Task Each_outcome_is_counted_and_timed_and_no_label_has_a_host()
    {
        var (counts, labels) = (new ConcurrentDictionary<string, long>(), new ConcurrentQueue<string>());
        await using var server = RawServer.Answering(Answer);
        using var egress = new EgressUnderTest();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name.StartsWith("Microservices.", StringComparison.Ordinal) || instrument.Meter.Name.StartsWith("System.", StringComparison.Ordinal))
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Measured(instrument, 1, tags));
        listener.Start();
        egress.Names.Addresses["nowhere-of-customer.test"] = [];

        foreach (var address in (string[])[$"http://shop-of-customer.test:{server.Port}/", $"http://shop-of-customer.test:{server.Port}/", $"http://nowhere-of-customer.test:{server.Port}/", "http://10.0.0.1/"])
            await egress.GetAsync(address);

        Assert.All((string[])["egress.requests", "egress.request.duration"], name =>
            Assert.Equal([2, 1, 1], ((string[])["answered", "name_not_found", "refused"]).Select(outcome => counts[$"{name} {outcome}"])));
        Assert.Equal(6, counts.Count);
        Assert.DoesNotContain(labels, label => label.Contains("of-customer", StringComparison.Ordinal));

        void Measured(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (_, label) in tags)
                labels.Enqueue($"{label}");
            if (ReferenceEquals(instrument.Meter.Scope, egress.Meters) && value > 0)
                counts.AddOrUpdate($"{instrument.Name} {tags[0].Value}", value, (_, before) => before + value);
        }
    }

    [Fact]
    public async Task A_process_publishes_no_name_that_it_looks_up_or_calls()
    {
        await using var host = new ServiceHost<UsersDbContext>(new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = $"Data Source={Path.Combine(Directory.CreateTempSubdirectory("egress-").FullName, "users.db")}",
            ["ConnectionStrings:Redis"] = "127.0.0.1:1",
        });
        using var resolver = new SystemResolver(Options.Create(new EgressOptions()));
        using var http = new HttpClient();
        await using var server = RawServer.Answering(Answer);
        using var egress = new EgressUnderTest();

        Assert.Equal(EgressOutcome.Answered, (await egress.GetAsync($"http://customer.test:{server.Port}/")).Outcome);
        Assert.Equal(IPAddress.Loopback, Assert.Single(await resolver.ResolveAsync("127.0.0.1", default)));
        Assert.Empty(await resolver.ResolveAsync("customer.invalid", default));
        var metrics = await http.GetStringAsync(new Uri($"{host.Management}/metrics"));

        Assert.Contains("dns_lookup_duration_seconds_count", metrics, StringComparison.Ordinal);
        Assert.Contains("egress_requests_total{outcome=\"answered\"}", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("customer", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_span_has_the_host_and_neither_path_nor_query_and_the_other_side_is_not_told_of_it()
    {
        var (spans, heard) = (new ConcurrentQueue<Activity>(), new ConcurrentQueue<string>());
        using var parent = new Activity("test").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Microservices.Egress", StringComparison.Ordinal) || source.Name.StartsWith("System.Net.Http", StringComparison.Ordinal),
            Sample = (ref options) => options.Parent.TraceId == parent.TraceId ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = new RawServer(async (stream, token) =>
        {
            heard.Enqueue((await RawServer.ReadRequestAsync(stream, token))!);
            await stream.WriteAsync("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), token);
        });
        using var egress = new EgressUnderTest();

        await egress.GetAsync($"http://shop.test:{server.Port}/services/T0/secret?token=secret");

        var span = Assert.Single(spans, span => span.TraceId == parent.TraceId);
        Assert.Equal(("GET", ActivityKind.Client, ActivityStatusCode.Error), (span.OperationName, span.Kind, span.Status));
        Assert.Equal(
            ["error.type=503", "http.request.method=GET", "http.response.status_code=503", "server.address=shop.test", $"server.port={server.Port}", $"url.full=http://shop.test:{server.Port}/REDACTED"],
            span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal));
        Assert.DoesNotContain(heard, request => request.Contains("traceparent", StringComparison.OrdinalIgnoreCase) || request.Contains(parent.TraceId.ToHexString(), StringComparison.Ordinal));
    }
}
