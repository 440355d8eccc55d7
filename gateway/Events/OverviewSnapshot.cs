using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Overviews;
using Microservices.Gateway.V1;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Primitives;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// The overview that changes are applied to. Apart from what answers GetOverview: it is whole or it fails, and it is read after it was
/// asked for. A stale answer, or one that began for another caller, would lack what changed before the subscription stood. Subscriptions
/// that come all at once wait in line for theirs, and leave the backends room for other callers; callers take turns, so that one with
/// many subscriptions delays its own and no other's. Thread-safe.
/// </summary>
internal sealed class OverviewSnapshot(
    UsersService.UsersServiceClient users,
    OrdersService.OrdersServiceClient orders,
    IOptions<GatewayOptions> options,
    IOptions<EventsOptions> events,
    TimeProvider time)
{
    // One that may have more orders counts for several.
    private const int OrdersForOne = 10;

    // Nobody is let go for this number: a stream has only a few snapshots in line.
    private const int MaxWaiting = 100_000;
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(50);
    private readonly FairGate reading = new(events.Value.MaxConcurrentSnapshots, MaxWaiting, time);

    /// <summary>How many wait in line.</summary>
    public int Waiting => reading.Waiting;

    /// <summary>Reads both parts at the same time, within the default timeout, in which the wait in line counts.</summary>
    /// <param name="query">What of.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Calls it off.</param>
    /// <exception cref="RpcException">A part cannot be had; RESOURCE_EXHAUSTED, with when to try again: its turn did not come in time.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<Overview> ReadAsync(OverviewQuery query, Caller caller, CancellationToken cancellationToken)
    {
        var cost = (query.OrderLimit + OrdersForOne - 1) / OrdersForOne;
        var deadline = options.Value.Deadline(time, (TimeSpan?)null);
        using var late = new CancellationTokenSource(options.Value.DefaultTimeout, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            if (!await reading.EnterAsync(caller.Address, caller.Connection, cost, Timeout.InfiniteTimeSpan, over.Token))
                throw new StatusException(GatewayErrors.Overloaded());
            try
            {
                return await ReadAsync(query, new CallOptions(deadline: deadline, cancellationToken: cancellationToken), over.Token);
            }
            finally
            {
                reading.Exit(cost);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StatusException(GatewayErrors.Overloaded());
        }
    }

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
        var page = await list;
        overview.Orders.Orders.AddRange(page.Orders);
        overview.Orders.Truncated = page.NextPageToken.Length > 0 && page.Orders.Count < query.OrderLimit;
        return overview;
    }
}
