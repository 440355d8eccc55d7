using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.EventLog;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Admission;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Gateway.Events;

/// <summary>
/// The events about one thing of an owner's, such as an endpoint of webhooks, among all those of the owner. An id is a cursor of the owner's events, and how many of those after it have been
/// passed on (<see cref="ReaderPosition"/>).
/// </summary>
internal static class OwnedEvents
{
    /// <summary>Reads an id, or a cursor; false when it is neither.</summary>
    public static bool TryReadId(string text, out ReaderPosition position) => ReaderPosition.TryParse(text, out position) && Cursor.TryParse(position.Cursor, out _);

    /// <summary>Follows them.</summary>
    /// <param name="http">The request.</param>
    /// <param name="stream">The stream is the gateway's own, which may watch all: the thing that the caller was let see says whose events these are.</param>
    /// <param name="ownerId">Whose they are.</param>
    /// <param name="source">The service that they come from, for `reset`.</param>
    /// <param name="field">What the request calls the place to go on from.</param>
    /// <param name="untilNow">They end with what there is when it is asked for.</param>
    /// <param name="select">Makes the event of one that is about the thing and wanted; null of others.</param>
    public static FollowedEvents Of<TEvent>(HttpContext http, EventStreamClient<TEvent> stream, string ownerId, string source, string field, bool untilNow, Func<TEvent, ByteString, MergedEvent?> select) =>
        new(ownerId, [source], positions => positions[0].ToString(), (from, caller, cancellationToken) => new(
            [token => FollowAsync(http, stream, ownerId, from[0], caller, field, untilNow, token).SelectEvents((told, cause) => select(told, cause) ?? MergedEvent.OfAnother, token)],
            together: false,
            cancellationToken));

    private static async IAsyncEnumerable<ReceivedItem<TEvent>> FollowAsync<TEvent>(
        HttpContext http, EventStreamClient<TEvent> stream, string ownerId, ReaderPosition from, Caller caller, string field, bool untilNow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var until = untilNow ? await HeadAsync(stream, ownerId, caller, cancellationToken) : null;
        var wanted = new Subscription { Key = ownerId, Cursor = from.Cursor ?? "" };
        await using var items = stream.SubscribeAsync(wanted, caller.Subscribing(), cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveAsync())
        {
            yield return items.Current;
            if (until is not null && Cursor.TryParse(items.Current.Cursor, out var reached) && reached.IsAtOrAfter(until))
                yield break;
        }

        async Task<bool> MoveAsync()
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (RpcException refused) when (from.IsKnown && refused.StatusCode == StatusCode.InvalidArgument && !http.Response.HasStarted)
            {
                throw new InvalidRequestException(field, "is not a cursor of the events of this owner");
            }
        }
    }
    // Who follows from now on is told where that is.
    private static async Task<Cursor?> HeadAsync<TEvent>(EventStreamClient<TEvent> stream, string ownerId, Caller caller, CancellationToken cancellationToken)
    {
        await foreach (var first in stream.SubscribeAsync(new Subscription { Key = ownerId }, caller.Subscribing(), cancellationToken))
            return Cursor.TryParse(first.Cursor, out var head) ? head : null;
        return null;
    }
}
