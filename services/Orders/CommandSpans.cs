using System.Diagnostics;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming;

namespace Microservices.Orders;

/// <summary>
/// The spans of the commands that are placed together, each under its caller's. What is done for all of them is under the first, which the others
/// have links to; each order's event tells of its own command as its cause.
/// </summary>
internal static class CommandSpans
{
    private static readonly RpcSpans Spans = new(PlaceOrdersStream.Method[1..]);

    /// <summary>One a command, null where its caller records none; the first becomes the current one. Null: nobody records any.</summary>
    public static IReadOnlyList<Activity?>? Start(List<PlaceOrdersRequest> commands)
    {
        if (commands.TrueForAll(command => command.TraceContext.IsEmpty))
            return null;
        Activity? first = null;
        var spans = commands.ConvertAll(command =>
        {
            var span = Spans.StartServer(command.TraceContext.Span, first);
            first ??= span;
            return span;
        });
        Activity.Current = first ?? Activity.Current;
        return spans;
    }

    /// <summary>The commands are answered; no placements: they were called off.</summary>
    public static void Stop(IReadOnlyList<Activity?>? spans, Placement[]? placements)
    {
        for (var i = 0; i < spans?.Count; i++)
        {
            RpcSpans.SetOutcome(spans[i], placements is null ? StatusCode.Cancelled : (StatusCode)(placements[i].Error?.Code ?? 0));
            spans[i]?.Stop();
        }
    }
}
