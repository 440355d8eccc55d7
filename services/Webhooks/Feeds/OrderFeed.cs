using Microservices.Orders.V1;
using Microservices.Topics;

namespace Microservices.Webhooks;

/// <summary>Makes messages of what happens to orders.</summary>
internal sealed class OrderFeed(FanOut fanOut) : IPartitionHandler<WebhooksDbContext, OrderEvent>
{
    public DateTimeOffset TimeOf(OrderEvent happened) => happened.Time.ToDateTimeOffset();

    public Task<HandledEvents> HandleAsync(WebhooksDbContext context, IReadOnlyList<OrderEvent> events, CancellationToken cancellationToken) =>
        fanOut.AddAsync(context, [.. events.Select(e => new SourceEvent("/orders", TypeOf(e.Kind), e.Order.UserId, e.Order.OrderId, e.Order.Version, TimeOf(e), e))], cancellationToken);

    private static string? TypeOf(OrderEventKind kind) => kind switch
    {
        OrderEventKind.Placed => EventTypes.OrderPlaced,
        OrderEventKind.Advanced => EventTypes.OrderAdvanced,
        OrderEventKind.Cancelled => EventTypes.OrderCancelled,
        _ => null,
    };
}
