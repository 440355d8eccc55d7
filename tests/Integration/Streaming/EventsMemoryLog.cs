using System.Buffers;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A log in memory, shared by replicas as Redis would be. A cursor is a number of events; user "latest" has LATEST by order id.</summary>
public sealed class EventsMemoryLog : IEventSource<WatchOrdersRequest>
{
    public const int PageEvents = 10;
    private readonly Lock _lock = new();
    private readonly List<(string Key, ReadOnlyMemory<byte> Bytes)> _events = [];
    private readonly Dictionary<int, EncodedEvents> _pages = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _encoded;
    private int _pulled;
    private int _subscribed;

    /// <summary>The oldest place from which events are still held.</summary>
    public int Oldest { get; set; }

    /// <summary>How often the bytes of an event were read to put them into a frame: the server reads them for nothing else.</summary>
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
                var bytes = new OrderEvent { Order = new Order { OrderId = id, UserId = new string('x', padding) } }.ToByteArray();
                _events.Add((id[^1..], new CountedBytes(this, bytes).Whole));
            }

            (more, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        more.SetResult();
    }

    public async IAsyncEnumerable<EventSourceItem> SubscribeAsync(WatchOrdersRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (subscription, place) = (request.Subscribe, 0);
        if (subscription.Key == "throws")
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
            EncodedEvents page;
            Task more;
            lock (_lock)
            {
                more = _more.Task;
                page = subscription.Delivery == EventDelivery.Latest
                    ? new EncodedEvents([.. _events.Skip(place).GroupBy(e => e.Key).Select(g => g.Last().Bytes).TakeLast(PageEvents)], $"{_events.Count}")
                    : PageAfter(place);
                place = subscription.Delivery == EventDelivery.Latest ? _events.Count : place + page.Events.Count;
            }

            if (page.Events.Count == 0)
            {
                await more.WaitAsync(cancellationToken);
                continue;
            }

            Interlocked.Increment(ref _pulled);
            yield return page;
        }
    }

    public ValueTask AcknowledgeAsync(Subscription subscription, string cursor, CancellationToken cancellationToken)
    {
        Acknowledged.Enqueue(cursor);
        return ValueTask.CompletedTask;
    }

    /// <summary>The same instance for all at the place, until there is more, as a source is to have it.</summary>
    private EncodedEvents PageAfter(int place)
    {
        var count = Math.Clamp(_events.Count - place, 0, PageEvents);
        if (!_pages.TryGetValue(place, out var page) || page.Events.Count < count)
            _pages[place] = page = new EncodedEvents([.. _events.Skip(place).Take(count).Select(e => e.Bytes)], $"{place + count}");
        return page;
    }

    /// <summary>Bytes that count how often somebody looks at them.</summary>
    private sealed class CountedBytes(EventsMemoryLog log, byte[] bytes) : MemoryManager<byte>
    {
        public ReadOnlyMemory<byte> Whole => CreateMemory(bytes.Length);

        public override Span<byte> GetSpan()
        {
            Interlocked.Increment(ref log._encoded);
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
