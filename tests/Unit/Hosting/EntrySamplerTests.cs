using System.Diagnostics;
using System.Net;
using Microservices.Hosting.Telemetry;
using Microservices.Primitives;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry.Trace;

namespace Microservices.Tests.Unit.Hosting;

public sealed class EntrySamplerTests
{
    private const string Stranger = "198.51.100.1";
    private static readonly ActivityTraceId Trace = ActivityTraceId.CreateRandom();
    private readonly FakeTimeProvider time = new();
    private readonly Requests requests = new();
    private readonly TracingOptions options = new() { MaxFlaggedPerSecond = 8 };

    [Theory]
    [InlineData(ActivityKind.Server, SamplingDecision.RecordAndSample)]
    [InlineData(ActivityKind.Client, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Internal, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Producer, SamplingDecision.Drop)]
    [InlineData(ActivityKind.Consumer, SamplingDecision.Drop)]
    public void A_trace_begins_where_a_request_enters_and_nowhere_else(ActivityKind kind, SamplingDecision decision) =>
        Assert.Equal(decision, Decide(Named(), kind, parent: null));

    [Theory]
    [InlineData(null, null, true, true, false)]
    [InlineData("parentbased_always_on", null, true, true, false)]
    [InlineData("parentbased_always_off", null, false, true, false)]
    [InlineData("parentbased_traceidratio", "1", true, true, false)]
    [InlineData("parentbased_traceidratio", null, true, true, false)]
    [InlineData("parentbased_traceidratio", "0", false, true, false)]
    [InlineData("PARENTBASED_TRACEIDRATIO", "0.0", false, true, false)]
    [InlineData("always_on", null, true, true, true)]
    [InlineData("always_off", null, false, false, false)]
    public void The_environment_names_the_sampler(string? name, string? argument, bool entry, bool underSampled, bool underNotSampled)
    {
        var sampler = Named(name, argument);

        Assert.Equal(entry, IsRecorded(sampler, ActivityKind.Server, null));
        Assert.Equal(underSampled, IsRecorded(sampler, ActivityKind.Client, ActivityTraceFlags.Recorded));
        Assert.Equal(underNotSampled, IsRecorded(sampler, ActivityKind.Client, ActivityTraceFlags.None));
        requests.Address = IPAddress.Parse("10.1.2.3");
        Assert.Equal(underSampled, IsRecorded(sampler, ActivityKind.Server, ActivityTraceFlags.Recorded));
        Assert.Equal(underNotSampled, IsRecorded(sampler, ActivityKind.Server, ActivityTraceFlags.None));
    }

    [Theory]
    [InlineData(true, null, 1_000, 1_000)]
    [InlineData(false, null, 10, 150)]
    [InlineData(false, "0.5", 350, 650)]
    [InlineData(true, "0", 0, 0)]
    public void Where_no_sampler_is_named_everything_is_recorded_in_Development_and_elsewhere_a_share(bool isDevelopment, string? argument, int least, int most)
    {
        var sampler = Named(null, argument, isDevelopment);

        Assert.InRange(Enumerable.Range(0, 1_000).Count(_ => IsRecorded(sampler, ActivityKind.Server, null)), least, most);
    }

    [Theory]
    [InlineData("jaeger_remote", null, "OTEL_TRACES_SAMPLER must be always_on")]
    [InlineData("parentbased_", null, "OTEL_TRACES_SAMPLER must be always_on")]
    [InlineData("traceidratio", "0.1", "OTEL_TRACES_SAMPLER must be always_on, always_off, parentbased_always_on, parentbased_always_off or parentbased_traceidratio, but is 'traceidratio'")]
    [InlineData("parentbased_traceidratio", "1 %", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    [InlineData("parentbased_traceidratio", "1.5", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    [InlineData("parentbased_traceidratio", "NaN", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    [InlineData(null, "5 %", "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")]
    public void A_sampler_that_there_is_not_is_an_error_that_names_the_variable(string? name, string? argument, string message)
    {
        var error = Assert.Throws<InvalidSettingException>(() => Named(name, argument));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_what_a_stranger_flags_its_share_is_recorded_and_of_another_caller_all_that_is_within_its_own()
    {
        var sampler = Named("parentbased_traceidratio", "0");
        for (var second = 0; second < 3; second++)
        {
            Assert.Equal(2, RecordedOf(sampler, Stranger, 1_000));
            Assert.Equal(2, RecordedOf(sampler, "198.51.100.2", 2));
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void Of_what_many_strangers_flag_no_more_is_recorded_than_the_process_may()
    {
        var sampler = Named("parentbased_traceidratio", "0");

        Assert.Equal(8, Enumerable.Range(1, 200).Sum(i => RecordedOf(sampler, $"198.51.100.{i}", 10)));
        // Addresses that one caller has are one.
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Enumerable.Range(1, 200).Sum(i => RecordedOf(sampler, $"2001:db8::{i}", 10)));
    }

    [Fact]
    public void Beyond_its_share_a_stranger_is_recorded_by_chance_whatever_trace_id_it_chooses()
    {
        // The trace id that every ratio takes.
        var lowest = ActivityTraceId.CreateFromString("00000000000000000000000000000001");
        var sampler = Named("parentbased_traceidratio", "0.05");
        requests.Address = IPAddress.Parse(Stranger);

        Assert.InRange(Enumerable.Range(0, 1_000).Count(_ => IsRecorded(sampler, ActivityKind.Server, ActivityTraceFlags.Recorded, lowest)), 10, 150);
    }

    [Fact]
    public void What_strangers_flag_takes_nothing_from_those_who_do_not()
    {
        var sampler = Named("parentbased_traceidratio", "0.5");
        RecordedOf(sampler, Stranger, 1_000);
        requests.Address = IPAddress.Parse("198.51.100.2");

        Assert.InRange(Enumerable.Range(0, 1_000).Count(_ => IsRecorded(sampler, ActivityKind.Server, null)), 350, 650);
    }

    [Theory]
    [InlineData("10.200.0.1", 100)]
    [InlineData("172.31.0.1", 100)]
    [InlineData("192.168.1.1", 100)]
    [InlineData("100.64.0.1", 100)]
    [InlineData("127.0.0.1", 100)]
    [InlineData("::ffff:10.0.0.1", 100)]
    [InlineData("::1", 100)]
    [InlineData("fd00::1", 100)]
    [InlineData(null, 100)]
    [InlineData("172.32.0.1", 2)]
    [InlineData("::ffff:198.51.100.1", 2)]
    [InlineData("2001:db8::1", 2)]
    public void The_services_of_the_suite_are_followed_which_have_private_addresses(string? address, int recorded) =>
        Assert.Equal(recorded, RecordedOf(Named("parentbased_always_off"), address, 100));

    [Theory]
    [InlineData("None", "10.0.0.1", 2)]
    [InlineData("None", "127.0.0.1", 2)]
    [InlineData("None", null, 2)]
    [InlineData("All", Stranger, 100)]
    public void Who_is_followed_is_a_setting(string followed, string? address, int recorded)
    {
        options.FollowCallers = Enum.Parse<FollowedCallers>(followed);

        Assert.Equal(recorded, RecordedOf(Named("parentbased_always_off"), address, 100));
    }

    [Fact]
    public void What_was_granted_once_is_recorded_in_all_its_parts()
    {
        var sampler = Named("parentbased_always_off");
        requests.Address = IPAddress.Parse(Stranger);

        foreach (var kind in (ActivityKind[])[ActivityKind.Client, ActivityKind.Internal, ActivityKind.Producer, ActivityKind.Consumer])
            Assert.Equal(100, Enumerable.Range(0, 100).Count(_ => IsRecorded(sampler, kind, ActivityTraceFlags.Recorded)));
    }

    private int RecordedOf(EntrySampler sampler, string? address, int flagged)
    {
        requests.Address = address is null ? null : IPAddress.Parse(address);
        return Enumerable.Range(0, flagged).Count(_ => IsRecorded(sampler, ActivityKind.Server, ActivityTraceFlags.Recorded));
    }

    private EntrySampler Named(string? name = null, string? argument = null, bool isDevelopment = true) => new(
        RootSampler.From(
            new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("OTEL_TRACES_SAMPLER", name), KeyValuePair.Create("OTEL_TRACES_SAMPLER_ARG", argument)]).Build(),
            isDevelopment),
        new SampledFlags(requests, Options.Create(options), time));

    private static bool IsRecorded(EntrySampler sampler, ActivityKind kind, ActivityTraceFlags? parent, ActivityTraceId? trace = null) =>
        Decide(sampler, kind, parent, trace) == SamplingDecision.RecordAndSample;

    private static SamplingDecision Decide(EntrySampler sampler, ActivityKind kind, ActivityTraceFlags? parent, ActivityTraceId? trace = null)
    {
        var id = trace ?? (parent is null ? ActivityTraceId.CreateRandom() : Trace);
        return sampler.ShouldSample(new SamplingParameters(parent is { } flags ? new ActivityContext(id, ActivitySpanId.CreateRandom(), flags) : default, id, "test", kind)).Decision;
    }

    /// <summary>One request after the other, from an address.</summary>
    private sealed class Requests : IHttpContextAccessor
    {
        private readonly DefaultHttpContext request = new();

        public IPAddress? Address
        {
            get => request.Connection.RemoteIpAddress;
            set => request.Connection.RemoteIpAddress = value;
        }

        public HttpContext? HttpContext
        {
            get => request;
            set => throw new NotSupportedException();
        }
    }
}
