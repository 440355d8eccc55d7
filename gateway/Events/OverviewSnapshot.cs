using Grpc.Core;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// The overview that changes are applied to. Apart from what answers GetOverview: it is whole or it fails, and it is read after it was
/// asked for. A stale answer, or one that began for another caller, would lack what changed before the subscription stood. Thread-safe.
/// </summary>
internal sealed class OverviewSnapshot(
    UsersService.UsersServiceClient users, OrdersService.OrdersServiceClient orders, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <summary>Reads both parts at the same time, within the default timeout.</summary>
    /// <exception cref="RpcException">A part cannot be had.</exception>
    public async Task<Overview> ReadAsync(OverviewQuery query, CancellationToken cancellationToken)
    {
        var call = new CallOptions(deadline: options.Value.Deadline(time, (TimeSpan?)null), cancellationToken: cancellationToken);
        using var user = users.GetUserAsync(new GetUserRequest { UserId = query.UserId }, call);
        using var list = orders.ListOrdersAsync(new ListOrdersRequest { UserId = query.UserId, PageSize = query.OrderLimit }, call);
        var overview = new Overview { UserId = query.UserId, Complete = true, Orders = new OrdersPart { Status = PartStatus.Ok } };
        overview.User = (await user).User;
        overview.Orders.Orders.AddRange((await list).Orders);
        return overview;
    }
}
