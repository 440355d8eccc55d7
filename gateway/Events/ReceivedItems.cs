using System.Runtime.CompilerServices;
using Google.Protobuf;
using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

/// <summary>Subscriptions of different services as subscriptions of one kind.</summary>
internal static class ReceivedItems
{
    /// <summary>The same items with other events in them, each made of an event and of the trace context of what has caused it (empty: not sampled).</summary>
    public static async IAsyncEnumerable<ReceivedItem<TTo>> SelectEvents<TFrom, TTo>(
        this IAsyncEnumerable<ReceivedItem<TFrom>> items, Func<TFrom, ByteString, TTo> select, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            yield return item switch
            {
                ReceivedSubscribed<TFrom> => new ReceivedSubscribed<TTo>(item.Cursor),
                ReceivedEvents<TFrom> events => new ReceivedEvents<TTo>([.. events.Events.Select((e, i) => select(e, events.Causes?.Of(i) ?? ByteString.Empty))], item.Cursor, events.Snapshot) { Causes = events.Causes },
                ReceivedReset<TFrom> reset => new ReceivedReset<TTo>(reset.Reason, item.Cursor),
                _ => throw new InvalidOperationException($"A subscription brings no {item.GetType().Name}."),
            };
        }
    }
}
