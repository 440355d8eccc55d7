using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;

namespace Microservices.Orders;

/// <summary>An order as kept. Its lines never change; its state does.</summary>
internal sealed class Order
{
    public required string OrderId { get; init; }

    public required string UserId { get; init; }

    /// <summary>Which of the partitions of all users the user is in, so that a partition can be read by itself.</summary>
    public required int Partition { get; init; }

    public required OrderState State { get; set; }

    public required string CurrencyCode { get; init; }

    public required IReadOnlyList<OrderLine> Lines { get; init; }

    public required decimal Total { get; init; }

    public required long Version { get; set; }

    public required DateTimeOffset PlaceTime { get; init; }

    public required DateTimeOffset UpdateTime { get; set; }

    public V1.Order ToMessage()
    {
        var message = new V1.Order
        {
            OrderId = OrderId,
            UserId = UserId,
            State = State,
            Total = Money.ToMessage(Total, CurrencyCode),
            Version = Version,
            PlaceTime = PlaceTime.ToTimestamp(),
            UpdateTime = UpdateTime.ToTimestamp(),
        };
        message.Lines.AddRange(Lines.Select(line => new V1.OrderLine
        {
            ProductId = line.ProductId,
            Quantity = line.Quantity,
            UnitPrice = Money.ToMessage(line.UnitPrice, CurrencyCode),
            DiscountBasisPoints = line.DiscountBasisPoints,
            Total = Money.ToMessage(line.Total, CurrencyCode),
        }));
        return message;
    }
}

/// <summary>A line of an order, in the order's currency.</summary>
internal sealed record OrderLine(string ProductId, int Quantity, decimal UnitPrice, int DiscountBasisPoints, decimal Total);
