using Microservices.EventLog;
using Microservices.Persistence;

namespace Microservices.Orders;

/// <summary>Serves readers that are older than the event log from the database. Apart from OrderOutbox, since the log asks it and is asked by that.</summary>
internal sealed class OrderHistory(OutboxHistory<OrdersDbContext> history) : IEventHistory
{
    public async ValueTask<HistoryPage?> ReadAsync(string topic, long after, int maxEvents, CancellationToken cancellationToken) =>
        await history.ReadAsync(topic, after, maxEvents, cancellationToken) is not { } page ? null : new HistoryPage(page.Epoch, page.LastOffset,
            [.. page.Events.Select(e => new HistoryEvent(e.Offset, e.Payload, e.Key, DateTimeOffset.FromUnixTimeMilliseconds(e.CreatedAtMs)))]);
}
