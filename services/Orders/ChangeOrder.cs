using Google.Protobuf;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Topics;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Orders;

/// <summary>Moves an order from state to state: one step forward, or to CANCELLED while it has not been shipped.</summary>
internal sealed class ChangeOrder(Database<OrdersDbContext> database, KeyETags<OrdersDbContext> etags, TimeProvider time)
{
    // As they are stored with every key, for good: they are what methods were called once.
    private const string CancelCommand = "CancelAsync";
    private const string AdvanceCommand = "AdvanceAsync";

    public async Task<CancelOrderResponse> CancelAsync(CancelOrderRequest request, Rights rights, CancellationToken cancellationToken)
    {
        Validate(request.OrderId, request.Version, request.IdempotencyKey).ThrowIfAny(OrderErrors.Domain);
        var (response, replayed) = await OnceAsync(CancelCommand, rights, request.IdempotencyKey, new CancelOrderRequest(request) { IdempotencyKey = "" },
            async orders => new CancelOrderResponse { Order = await MoveAsync(orders, rights, request.OrderId, request.Version, OrderState.Cancelled, OrderEventKind.Cancelled, from => from is OrderState.Placed or OrderState.Paid, cancellationToken) },
            cancellationToken);
        response.Replayed = replayed;
        response.Etag = await etags.AfterWriteAsync(response.Order.UserId, cancellationToken);
        return response;
    }

    public async Task<AdvanceOrderResponse> AdvanceAsync(AdvanceOrderRequest request, Rights rights, CancellationToken cancellationToken)
    {
        var violations = Validate(request.OrderId, request.Version, request.IdempotencyKey);
        if (request.State == OrderState.Unspecified || !Enum.IsDefined(request.State))
            violations.Add("state", "is required: PAID, SHIPPED or DELIVERED");
        violations.ThrowIfAny(OrderErrors.Domain);

        var (response, replayed) = await OnceAsync(AdvanceCommand, rights, request.IdempotencyKey, new AdvanceOrderRequest(request) { IdempotencyKey = "" },
            async orders => new AdvanceOrderResponse { Order = await MoveAsync(orders, rights, request.OrderId, request.Version, request.State, OrderEventKind.Advanced, from => After(from) == request.State, cancellationToken) },
            cancellationToken);
        response.Replayed = replayed;
        response.Etag = await etags.AfterWriteAsync(response.Order.UserId, cancellationToken);
        return response;
    }

    private static FieldViolations Validate(string orderId, long version, string idempotencyKey)
    {
        var violations = new FieldViolations();
        violations.CheckId("order_id", orderId);
        if (version < 0)
            violations.Add("version", "must be the version that was read, or 0 for any");
        violations.CheckIdempotencyKey("idempotency_key", idempotencyKey);
        return violations;
    }

    private async Task<(TResponse Response, bool Replayed)> OnceAsync<TResponse>(
        string command, Rights rights, string key, IMessage request, Func<OrdersDbContext, Task<TResponse>> change, CancellationToken cancellationToken)
        where TResponse : IMessage<TResponse>, new()
    {
        var (response, outcome) = await database.WriteOnceAsync(command, rights.Caller, key, request, change, time.GetUtcNow().ToMicroseconds(), cancellationToken);
        return outcome == IdempotencyOutcome.KeyReused
            ? throw new StatusException(OrderErrors.Domain.KeyReused())
            : (response, outcome == IdempotencyOutcome.Replayed);
    }

    private async Task<V1.Order> MoveAsync(
        OrdersDbContext orders, Rights rights, string orderId, long version, OrderState state, OrderEventKind kind, Func<OrderState, bool> possible, CancellationToken cancellationToken)
    {
        var order = await orders.Orders.FirstOrDefaultAsync(o => o.OrderId == orderId && (rights.Owner == null || o.UserId == rights.Owner), cancellationToken)
            ?? throw new StatusException(OrderErrors.NotFound(orderId));
        if (version != 0 && version != order.Version)
            throw new StatusException(OrderErrors.Domain.VersionMismatch(OrderErrors.Type, order.Version, version));
        if (!possible(order.State))
            throw new StatusException(OrderErrors.Domain.FailedPrecondition("ORDER_STATE", orderId, $"An order that is {Name(order.State)} cannot become {Name(state)}."));

        order.State = state;
        order.Version++;
        order.UpdateTime = time.GetUtcNow().ToMicroseconds();
        var message = order.ToMessage();
        orders.Publish(kind, message, order.UpdateTime);
        return message;
    }

    private static OrderState? After(OrderState state) => state switch
    {
        OrderState.Placed => OrderState.Paid,
        OrderState.Paid => OrderState.Shipped,
        OrderState.Shipped => OrderState.Delivered,
        _ => null,
    };

    private static string Name(OrderState state) => state.ToString().ToLowerInvariant();
}
