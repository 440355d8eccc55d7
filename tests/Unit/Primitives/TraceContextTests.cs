using System.Diagnostics;
using Microservices.Primitives;

namespace Microservices.Tests.Unit.Primitives;

public sealed class TraceContextTests
{
    [Fact]
    public void A_recorded_span_is_found_again_from_its_24_bytes()
    {
        using var span = Start(ActivityTraceFlags.Recorded);

        var bytes = TraceContext.Current;

        Assert.Equal(TraceContext.Length, bytes!.Length);
        Assert.True(TraceContext.TryRead(bytes, out var context));
        Assert.Equal(span.Id, TraceContext.ToTraceparent(bytes));
        Assert.Equal((span.TraceId, span.SpanId, ActivityTraceFlags.Recorded, true), (context.TraceId, context.SpanId, context.TraceFlags, context.IsRemote));
    }

    [Fact]
    public void Of_a_span_that_is_not_recorded_nothing_travels()
    {
        using var span = Start(ActivityTraceFlags.None);

        Assert.Null(TraceContext.Current);
        Assert.Null(TraceContext.Of(null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701")]
    [InlineData("0000000000000000000000000000000000f067aa0ba902b7")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e47360000000000000000")]
    public void What_is_no_context_is_as_good_as_absent(string hex) => Assert.False(TraceContext.TryRead(Convert.FromHexString(hex), out _));

    private static Activity Start(ActivityTraceFlags flags) => new Activity("test") { ActivityTraceFlags = flags }.SetIdFormat(ActivityIdFormat.W3C).Start();
}
