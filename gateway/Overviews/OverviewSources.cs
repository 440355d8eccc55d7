using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Where the parts of an overview come from. A source keeps to the deadline and the token by itself, and fails with
/// <see cref="RpcException"/>. What it gives may be shared with others who ask the same: it is not to be changed. Thread-safe.
/// </summary>
internal interface IOverviewSources
{
    /// <summary>The user.</summary>
    Task<User> GetUserAsync(string userId, DateTime deadline, CancellationToken cancellationToken);

    /// <summary>The user's latest orders, newest first.</summary>
    Task<IReadOnlyList<Order>> GetOrdersAsync(string userId, int limit, DateTime deadline, CancellationToken cancellationToken);

    /// <summary>Runs something that asks for several parts in a row, without awaiting any, so that they are asked for together.</summary>
    void Together(Action ask);
}

/// <summary>Asks Users and Orders over call streams: what is asked at the same time travels together, and what is the same is asked once.</summary>
internal sealed class CallStreamOverviewSources(
    CallStreamClient<LookupUsersCall, LookupUsersResult> users,
    CallStreamClient<LookupOrdersCall, LookupOrdersResult> orders,
    IOptions<GatewayOptions> options,
    TimeProvider time)
    : IOverviewSources
{
    public async Task<User> GetUserAsync(string userId, DateTime deadline, CancellationToken cancellationToken)
    {
        var result = await users.CallAsync(new LookupUsersCall { UserId = userId }, Until(deadline), cancellationToken);
        return SoundAnswers.Check(Bounded(result.User), userId);
    }

    public async Task<IReadOnlyList<Order>> GetOrdersAsync(string userId, int limit, DateTime deadline, CancellationToken cancellationToken)
    {
        var result = await orders.CallAsync(new LookupOrdersCall { UserId = userId, Limit = limit }, Until(deadline), cancellationToken);
        return SoundAnswers.Check(Bounded(result.Latest)?.Orders, userId);
    }

    public void Together(Action ask) => users.Together(() => orders.Together(ask));

    private T? Bounded<T>(T? part)
        where T : class, IMessage =>
        part is null || part.CalculateSize() <= options.Value.MaxPartBytes ? part : throw SoundAnswers.TooLarge();

    private CallSettings Until(DateTime deadline) => new() { Timeout = deadline - time.GetUtcNow().UtcDateTime };
}
