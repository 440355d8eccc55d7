using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Primitives;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// The overview that changes are applied to. Apart from what answers GetOverview: it is whole or it fails, and it is read after it was
/// asked for. A stale answer, or one that began for another caller, would lack what changed before the subscription stood. Subscriptions
/// that come all at once wait in line for theirs, and leave the backends room for other callers. Thread-safe.
/// </summary>
internal sealed class OverviewSnapshot(
    UsersService.UsersServiceClient users,
    OrdersService.OrdersServiceClient orders,
    IOptions<GatewayOptions> options,
    IOptions<EventsOptions> events,
    TimeProvider time)
    : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(50);
    private readonly SemaphoreSlim reading = new(events.Value.MaxConcurrentSnapshots);

    /// <summary>Reads both parts at the same time, within the default timeout, in which the wait in line counts.</summary>
    /// <exception cref="RpcException">A part cannot be had; RESOURCE_EXHAUSTED, with when to try again: its turn did not come in time.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<Overview> ReadAsync(OverviewQuery query, CancellationToken cancellationToken)
    {
        var deadline = options.Value.Deadline(time, (TimeSpan?)null);
        using var late = new CancellationTokenSource(options.Value.DefaultTimeout, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await reading.WaitAsync(over.Token);
            try
            {
                return await ReadAsync(query, new CallOptions(deadline: deadline, cancellationToken: cancellationToken), over.Token);
            }
            finally
            {
                reading.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StatusException(GatewayErrors.Overloaded());
        }
    }

    public void Dispose() => reading.Dispose();

    private async Task<Overview> ReadAsync(OverviewQuery query, CallOptions call, CancellationToken over)
    {
        while (true)
        {
            try
            {
                return await ReadAsync(query, call);
            }
            catch (StatusException)
            {
                // The bulkhead has no room just now: others' calls take it. A service that refuses throws no StatusException.
                await Task.Delay(Jitter.Between(MaxWait / 5, MaxWait), time, over);
            }
        }
    }

    private async Task<Overview> ReadAsync(OverviewQuery query, CallOptions call)
    {
        using var user = users.GetUserAsync(new GetUserRequest { UserId = query.UserId }, call);
        using var list = orders.ListOrdersAsync(new ListOrdersRequest { UserId = query.UserId, PageSize = query.OrderLimit }, call);
        var overview = new Overview { UserId = query.UserId, Complete = true, Orders = new OrdersPart { Status = PartStatus.Ok } };
        overview.User = (await user).User;
        overview.Orders.Orders.AddRange((await list).Orders);
        return overview;
    }
}
