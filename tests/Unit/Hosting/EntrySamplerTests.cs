using System.Diagnostics;
using Microservices.Hosting.Telemetry;
using Microservices.Primitives;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Microservices.Tests.Unit.Hosting;

public sealed class EntrySamplerTests
{
    private static readonly ActivityTraceId Trace = ActivityTraceId.CreateRandom();

    [Theory]
    [InlineData(ActivityKind.Server, SamplingDecision.RecordAndSample)]
    [InlineData(ActivityKind.Client, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Internal, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Producer, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Consumer, SamplingDecision.Drop)]
    public void A_trace_begins_where_a_request_enters_and_nowhere_else(ActivityKind kind, SamplingDecision decision) =>
        Assert.Equal(decision, Decide(From(), kind, parent: null));

    [Theory]
    [InlineData(null, null, true, true, false)]
    [InlineData("parentbased_always_on", null, true, true, false)]
    [InlineData("parentbased_always_off", null, false, true, false)]
    [InlineData("parentbased_traceidratio", "1", true, true, false)]
    [InlineData("parentbased_traceidratio", "0", false, true, false)]
    [InlineData("PARENTBASED_TRACEIDRATIO", "0.0", false, true, false)]
    [InlineData("traceidratio", "0", false, false, false)]
    [InlineData("traceidratio", null, true, true, true)]
    [InlineData("always_on", null, true, true, true)]
    [InlineData("always_off", null, false, false, false)]
    public void The_environment_names_the_sampler(string? name, string? argument, bool entry, bool underSampled, bool underNotSampled)
    {
        var sampler = From(("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument));

        Assert.Equal(entry, Decide(sampler, ActivityKind.Server, null) == SamplingDecision.RecordAndSample);
        Assert.Equal(underSampled, Decide(sampler, ActivityKind.Client, ActivityTraceFlags.Recorded) == SamplingDecision.RecordAndSample);
        Assert.Equal(underNotSampled, Decide(sampler, ActivityKind.Client, ActivityTraceFlags.None) == SamplingDecision.RecordAndSample);
    }

    [Theory]
    [InlineData("jaeger_remote", null, "OTEL_TRACES_SAMPLER must be always_on")]
    [InlineData("parentbased_", null, "OTEL_TRACES_SAMPLER must be always_on")]
    [InlineData("traceidratio", "1 %", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    [InlineData("parentbased_traceidratio", "1.5", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    [InlineData("traceidratio", "NaN", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    public void A_sampler_that_there_is_not_is_an_error_that_names_the_variable(string name, string? argument, string message)
    {
        var error = Assert.Throws<InvalidSettingException>(() => From(("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static EntrySampler From(params (string Key, string? Value)[] environment) =>
        EntrySampler.From(new ConfigurationBuilder().AddInMemoryCollection(environment.Select(e => KeyValuePair.Create(e.Key, e.Value))).Build());

    private static SamplingDecision Decide(EntrySampler sampler, ActivityKind kind, ActivityTraceFlags? parent) =>
        sampler.ShouldSample(new SamplingParameters(
            parent is { } flags ? new ActivityContext(Trace, ActivitySpanId.CreateRandom(), flags) : default, Trace, "test", kind)).Decision;
}
