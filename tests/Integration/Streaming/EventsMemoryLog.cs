using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A log in memory, shared by replicas as Redis would be. A cursor is a number of events; user "latest" has LATEST by order id.</summary>
public sealed class EventsMemoryLog : IEventSource<WatchOrdersSubscription>
{
    public const int PageEvents = 10;
    private readonly Lock _lock = new();
    private readonly List<(string Key, ReadOnlyMemory<byte> Bytes)> _events = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _encoded;
    private int _pulled;
    private int _subscribed;

    /// <summary>The oldest place from which events are still held.</summary>
    public int Oldest { get; set; }

    public int Encoded => Volatile.Read(ref _encoded);

    /// <summary>Pages asked for by all subscriptions.</summary>
    public int Pulled => Volatile.Read(ref _pulled);

    public int Subscribed => Volatile.Read(ref _subscribed);

    public System.Collections.Concurrent.ConcurrentQueue<string> Acknowledged { get; } = [];

    public void Append(int count, int padding = 0)
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            for (var i = 0; i < count; i++)
            {
                var id = (_events.Count + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
                _encoded++;
                _events.Add((id[^1..], new OrderEvent { Order = new Order { OrderId = id, UserId = new string('x', padding) } }.ToByteArray()));
            }

            (more, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        more.SetResult();
    }

    public async IAsyncEnumerable<EventSourceItem> SubscribeAsync(WatchOrdersSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var place = 0;
        if (subscription.UserId == "throws")
            throw new InvalidOperationException("a secret");
        if (subscription.Cursor.Length > 0 && !int.TryParse(subscription.Cursor, out place))
            throw new RpcException(new Status(StatusCode.InvalidArgument, "Bad cursor."));
        Interlocked.Increment(ref _subscribed);
        if (subscription.Cursor.Length == 0 && !subscription.FromEarliest)
            place = _events.Count;
        yield return new EventsSubscribed(place >= Oldest, $"{place}");
        if (place < Oldest)
            yield return new EventsReset(EventResetReason.Truncated, $"{place = Oldest}");
        while (true)
        {
            ReadOnlyMemory<byte>[] page;
            Task more;
            lock (_lock)
            {
                more = _more.Task;
                page = subscription.Delivery == EventDelivery.Latest
                    ? [.. _events.Skip(place).GroupBy(e => e.Key).Select(g => g.Last().Bytes).TakeLast(PageEvents)]
                    : [.. _events.Skip(place).Take(PageEvents).Select(e => e.Bytes)];
                place = subscription.Delivery == EventDelivery.Latest ? _events.Count : place + page.Length;
            }

            if (page.Length == 0)
            {
                await more.WaitAsync(cancellationToken);
                continue;
            }

            Interlocked.Increment(ref _pulled);
            yield return new EncodedEvents(page, $"{place}");
        }
    }

    public ValueTask AcknowledgeAsync(WatchOrdersSubscription subscription, string cursor, CancellationToken cancellationToken)
    {
        Acknowledged.Enqueue(cursor);
        return ValueTask.CompletedTask;
    }
}
