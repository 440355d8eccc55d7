using System.Globalization;
using Microservices.Hosting;
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

    public async Task<V1.Order> GetAsync(string orderId, CancellationToken cancellationToken)
    {
        var violations = new FieldViolations();
        violations.CheckId("order_id", orderId);
        violations.ThrowIfAny(OrderErrors.Domain);

        var order = await database.ReadAsync(orders => orders.Orders.FirstOrDefaultAsync(o => o.OrderId == orderId, cancellationToken), cancellationToken);
        return order?.ToMessage() ?? throw new StatusException(OrderErrors.NotFound(orderId));
    }

    public async Task<ListOrdersResponse> ListAsync(ListOrdersRequest request, CancellationToken cancellationToken)
    {
        var list = $"orders/{request.UserId}";
        var violations = new FieldViolations();
        violations.CheckId("user_id", request.UserId);
        var size = violations.PageSize("page_size", request.PageSize, DefaultPageSize, MaxPageSize);
        var position = violations.PagePosition("page_token", list, request.PageToken, text => TryPosition(text, out _, out _));
        violations.ThrowIfAny(OrderErrors.Domain);

        // One more than asked for tells whether there is a next page.
        var page = await database.ReadAsync(orders => After(orders.Orders.Where(o => o.UserId == request.UserId), position)
            .OrderByDescending(o => o.PlaceTime).ThenByDescending(o => o.OrderId)
            .Take(size + 1)
            .ToListAsync(cancellationToken), cancellationToken);

        var response = new ListOrdersResponse();
        response.Orders.AddRange(page.Take(size).Select(order => order.ToMessage()));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(list, Position(page[size - 1]));
        return response;
    }

    private static string Position(Order order) =>
        string.Create(CultureInfo.InvariantCulture, $"{order.PlaceTime.UtcTicks} {order.OrderId}");

    private static bool TryPosition(string position, out DateTimeOffset time, out string orderId)
    {
        (time, orderId) = (default, "");
        if (position.Split(' ') is not [var ticks, var id] || !FieldViolations.IsId(id)
            || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var utc) || utc > DateTime.MaxValue.Ticks)
            return false;
        (time, orderId) = (new DateTimeOffset(utc, TimeSpan.Zero), id);
        return true;
    }

    private static IQueryable<Order> After(IQueryable<Order> orders, string position) =>
        TryPosition(position, out var time, out var orderId)
            ? orders.Where(o => o.PlaceTime < time || (o.PlaceTime == time && string.Compare(o.OrderId, orderId) < 0))
            : orders;
}
