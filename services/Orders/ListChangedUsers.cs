using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Topics;

namespace Microservices.Orders;

/// <summary>Lists whose orders have changed.</summary>
internal sealed class ListChangedUsers(OutboxHeads<OrdersDbContext> heads, OutboxHistory<OrdersDbContext> history)
    : ChangedKeys<OrdersDbContext>(OrderEvents.Topics, OrderErrors.Domain, heads, history)
{
    public async Task<ListChangedUsersResponse> HandleAsync(ListChangedUsersRequest request, CancellationToken cancellationToken)
    {
        var changes = await ReadAsync(request.Cursor, cancellationToken);
        return new ListChangedUsersResponse { UserIds = { changes.Keys }, Cursor = changes.Cursor, More = changes.More, Reset = changes.Reset };
    }

    protected override string KeyOf(ReadOnlySpan<byte> payload) => OrderEvent.Parser.ParseFrom(payload).Order.UserId;
}
