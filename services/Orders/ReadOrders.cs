using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Orders;

/// <summary>Gets one order, and lists the orders of a user, newest first.</summary>
internal sealed class ReadOrders(Database<OrdersDbContext> database)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 500;

    public async Task<V1.Order> GetAsync(string orderId, Rights rights, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("order_id", orderId);
        violations.ThrowIfAny(OrderErrors.Domain);

        var order = await database.ReadAsync(orders => orders.Orders.FirstOrDefaultAsync(o => o.OrderId == orderId && (rights.Owner == null || o.UserId == rights.Owner), cancellationToken), cancellationToken);
        return order?.ToMessage() ?? throw new StatusException(OrderErrors.NotFound(orderId));
    }

    public async Task<ListOrdersResponse> ListAsync(ListOrdersRequest request, CancellationToken cancellationToken)
    {
        var list = $"orders/{request.UserId}";
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var position = violations.PagePosition("page_token", list, request.PageToken, text => OrderPosition.TryParse(text, out _, out _));
        violations.ThrowIfAny(OrderErrors.Domain);

        var page = await database.ReadAsync(orders => After(orders.Orders.Where(o => o.UserId == request.UserId), position)
            .OrderByDescending(o => o.PlaceTime).ThenByDescending(o => o.OrderId)
            .ReadPageAsync(order => order.ToMessage(), size, cancellationToken), cancellationToken);

        var response = new ListOrdersResponse();
        response.Orders.AddRange(page.Items);
        if (page.More)
            response.NextPageToken = PageToken.Encode(list, OrderPosition.Of(page.Last!));
        return response;
    }

    private static IQueryable<Order> After(IQueryable<Order> orders, string position) => OrderPosition.TryParse(position, out var time, out var orderId)
        ? orders.Where(o => o.PlaceTime <= time && (o.PlaceTime < time || string.Compare(o.OrderId, orderId) < 0))
        : orders;
}
