using System.Runtime.CompilerServices;
using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

/// <summary>Subscriptions of different services as subscriptions of one kind.</summary>
internal static class ReceivedItems
{
    /// <summary>The same items with other events in them.</summary>
    public static async IAsyncEnumerable<ReceivedItem<TTo>> SelectEvents<TFrom, TTo>(
        this IAsyncEnumerable<ReceivedItem<TFrom>> items, Func<TFrom, TTo> select, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            yield return item switch
            {
                ReceivedSubscribed<TFrom> => new ReceivedSubscribed<TTo>(item.Cursor),
                ReceivedEvents<TFrom> events => new ReceivedEvents<TTo>([.. events.Events.Select(select)], item.Cursor, events.Snapshot),
                ReceivedReset<TFrom> reset => new ReceivedReset<TTo>(reset.Reason, item.Cursor),
                _ => throw new InvalidOperationException($"A subscription brings no {item.GetType().Name}."),
            };
        }
    }
}
