using System.Diagnostics;
using System.Text.Json;
using Grpc.Core;

namespace Microservices.Streaming;

/// <summary>
/// The spans of the calls that one method's streams carry, each with a parent of its own: one at the caller, one at the callee, by OpenTelemetry's
/// conventions for RPC. There is a span only where one is recorded that it belongs under: a call of which nobody keeps a trace costs nothing.
/// Immutable; thread-safe.
/// </summary>
/// <param name="method">As in <c>users.v1.UsersService/LookupUsers</c>.</param>
public sealed class RpcSpans(string method)
{
    private static readonly ActivitySource Source = new("Microservices.Streaming.Calls");

    private readonly KeyValuePair<string, object?>[] _tags = [new("rpc.system.name", "grpc"), new("rpc.method", method)];

    /// <summary>Whether calls that are made here belong to a trace that is recorded.</summary>
    internal static bool IsCallerRecorded => Activity.Current is { Recorded: true };

    /// <summary>Starts the span of a call that is made here, under the current one.</summary>
    internal Activity? StartClient() => Source.StartActivity(ActivityKind.Client, tags: _tags, name: method);

    /// <summary>The current span's call is answered by one that is under way: what the callee does is in the trace of that.</summary>
    internal static void LinkTo(ReadOnlySpan<byte> underWay)
    {
        if (TraceContext.TryRead(underWay, out var first))
            Activity.Current?.AddLink(new ActivityLink(first));
    }

    /// <summary>Starts the span of a call that has arrived. It does not become the current one.</summary>
    /// <param name="traceContext">What came with the call; empty for a call that nobody records.</param>
    /// <param name="first">The first span of the calls that are handled together with it, under which the common work is: it gets a link to that.</param>
    /// <param name="arrived">When it arrived; default: now.</param>
    public Activity? StartServer(ReadOnlySpan<byte> traceContext, Activity? first, DateTimeOffset arrived = default)
    {
        if (traceContext.IsEmpty || !TraceContext.TryRead(traceContext, out var parent))
            return null;
        var current = Activity.Current;
        var span = Source.StartActivity(ActivityKind.Server, parent, _tags, first is null ? null : [new ActivityLink(first.Context)], arrived, method);
        Activity.Current = current;
        return span;
    }

    /// <summary>Says how a call came out.</summary>
    public static void SetOutcome(Activity? span, StatusCode code)
    {
        if (span is null)
            return;
        // As the contract spells it, for instance DEADLINE_EXCEEDED.
        var name = JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString());
        span.SetTag("rpc.response.status_code", name);
        if (IsError(span.Kind, code))
            span.SetStatus(ActivityStatusCode.Error).SetTag("error.type", name);
    }

    // What is the caller's mistake is no error of the callee.
    private static bool IsError(ActivityKind kind, StatusCode code) => kind == ActivityKind.Client
        ? code != StatusCode.OK
        : code is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
}
