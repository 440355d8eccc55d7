using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Where the parts of an overview come from. A source keeps to the deadline and the token by itself, and fails with
/// <see cref="RpcException"/>. Thread-safe.
/// </summary>
internal interface IOverviewSources
{
    /// <summary>The user.</summary>
    Task<User> GetUserAsync(string userId, DateTime deadline, CancellationToken cancellationToken);

    /// <summary>The user's latest orders, newest first.</summary>
    Task<IReadOnlyList<Order>> GetOrdersAsync(string userId, int limit, DateTime deadline, CancellationToken cancellationToken);
}

/// <summary>Asks Users and Orders, one unary call for each part.</summary>
internal sealed class UnaryOverviewSources(UsersService.UsersServiceClient users, OrdersService.OrdersServiceClient orders) : IOverviewSources
{
    public async Task<User> GetUserAsync(string userId, DateTime deadline, CancellationToken cancellationToken)
    {
        using var call = users.GetUserAsync(new GetUserRequest { UserId = userId }, deadline: deadline, cancellationToken: cancellationToken);
        return (await call).User;
    }

    public async Task<IReadOnlyList<Order>> GetOrdersAsync(string userId, int limit, DateTime deadline, CancellationToken cancellationToken)
    {
        using var call = orders.ListOrdersAsync(
            new ListOrdersRequest { UserId = userId, PageSize = limit }, deadline: deadline, cancellationToken: cancellationToken);
        return (await call).Orders;
    }
}
