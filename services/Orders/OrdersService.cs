using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Streaming.Events;
using Microservices.Topics;

namespace Microservices.Orders;

/// <summary>The gRPC surface of Orders.</summary>
internal sealed class OrdersService(
    PlaceOrder place, PlaceOrdersStream placeMany, ChangeOrder change, ReadOrders read, ChangedKeys<OrdersDbContext> changed, CallStreamServer<LookupOrdersCall, LookupOrdersResult> lookups,
    EventStreamServer<WatchOrdersRequest> watch, Drain drain)
    : V1.OrdersService.OrdersServiceBase
{
    public override async Task<PlaceOrderResponse> PlaceOrder(PlaceOrderRequest request, ServerCallContext context)
    {
        var placement = (await place.HandleAsync([request], Rights.Of(context), context.CancellationToken))[0];
        return placement.Response ?? throw new StatusException(placement.Error!);
    }

    public override Task PlaceOrders(
        IAsyncStreamReader<PlaceOrdersRequest> requestStream, IServerStreamWriter<PlaceOrdersResponse> responseStream, ServerCallContext context) =>
        placeMany.RunAsync(requestStream, responseStream, context);

    public override async Task<GetOrderResponse> GetOrder(GetOrderRequest request, ServerCallContext context) =>
        new() { Order = await read.GetAsync(request.OrderId, Rights.Of(context), context.CancellationToken) };

    public override Task<ListOrdersResponse> ListOrders(ListOrdersRequest request, ServerCallContext context) =>
        read.ListAsync(request, context.CancellationToken);

    public override async Task<ListChangedUsersResponse> ListChangedUsers(ListChangedUsersRequest request, ServerCallContext context) =>
        new() { Changes = await changed.ReadAsync(request.Cursor, context.CancellationToken) };

    public override Task LookupOrders(
        IAsyncStreamReader<LookupOrdersRequest> requestStream, IServerStreamWriter<LookupOrdersResponse> responseStream, ServerCallContext context) =>
        lookups.ServeAsync(requestStream, responseStream, context, drain.Token);

    public override Task<CancelOrderResponse> CancelOrder(CancelOrderRequest request, ServerCallContext context) =>
        change.CancelAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task<AdvanceOrderResponse> AdvanceOrder(AdvanceOrderRequest request, ServerCallContext context) =>
        change.AdvanceAsync(request, Rights.Of(context), context.CancellationToken);

    public override Task WatchOrders(
        IAsyncStreamReader<WatchOrdersRequest> requestStream, IServerStreamWriter<WatchOrdersResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
