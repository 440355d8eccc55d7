using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>How a part is asked for.</summary>
/// <param name="Asker">Whom it is asked for.</param>
/// <param name="Cached">The last response: its service need not send it again if it has not changed.</param>
/// <param name="NotBefore">The timestamp that the question must be from, or later, where others may have asked it already.</param>
/// <param name="Deadline">Until when it is wanted (UTC).</param>
internal readonly record struct PartQuestion<T>(Asker Asker, Answer<T>? Cached, long NotBefore, DateTime Deadline)
    where T : class;

/// <summary>
/// Where the parts of an overview come from. A source keeps to the deadline and the token by itself, and fails with
/// <see cref="RpcException"/>. Its responses may be shared with other callers: they must not be changed. When the cached response has not
/// changed, it returns that instance. Thread-safe.
/// </summary>
internal interface IOverviewSources
{
    /// <summary>The user.</summary>
    Task<Answer<User>> GetUserAsync(string userId, PartQuestion<User> question, CancellationToken cancellationToken);

    /// <summary>The user's latest orders, newest first.</summary>
    Task<Answer<LatestOrders>> GetOrdersAsync(string userId, int limit, PartQuestion<LatestOrders> question, CancellationToken cancellationToken);

    /// <summary>Runs something that asks for several parts in a row, without awaiting any, so that they are asked for together.</summary>
    void Together(Action ask);
}

/// <summary>Asks Users and Orders over call streams: what is asked at the same time travels together, and what is the same is asked once.</summary>
internal sealed class CallStreamOverviewSources(
    CallStreamClient<LookupUsersCall, LookupUsersResult> users,
    CallStreamClient<LookupOrdersCall, LookupOrdersResult> orders,
    IOptions<GatewayOptions> options,
    OverviewMetrics metrics,
    TimeProvider time)
    : IOverviewSources
{
    public async Task<Answer<User>> GetUserAsync(string userId, PartQuestion<User> question, CancellationToken cancellationToken)
    {
        var result = await users.CallAsync(new LookupUsersCall { UserId = userId, KnownEtag = question.Cached?.ETag ?? 0 }, Settings(question), cancellationToken);
        if (result.HasUnchanged)
        {
            metrics.Unchanged("user");
            return ResponseValidator.Unchanged(question.Cached, result.Etag);
        }

        var bytes = SizeOf(result.User);
        return new(ResponseValidator.Check(result.User, userId), result.Etag, bytes);
    }

    public async Task<Answer<LatestOrders>> GetOrdersAsync(
        string userId, int limit, PartQuestion<LatestOrders> question, CancellationToken cancellationToken)
    {
        var call = new LookupOrdersCall { UserId = userId, Limit = limit, KnownEtag = question.Cached?.ETag ?? 0 };
        var result = await orders.CallAsync(call, Settings(question), cancellationToken);
        if (result.HasUnchanged)
        {
            metrics.Unchanged("orders");
            return ResponseValidator.Unchanged(question.Cached, result.Etag);
        }

        var bytes = SizeOf(result.Latest);
        return new(ResponseValidator.Check(result.Latest, userId), result.Etag, bytes);
    }

    public void Together(Action ask) => users.Together(() => orders.Together(ask));

    private int SizeOf(IMessage? part)
    {
        var bytes = part?.CalculateSize() ?? 0;
        return bytes <= options.Value.MaxPartBytes ? bytes : throw ResponseValidator.TooLarge();
    }

    private CallSettings Settings<T>(PartQuestion<T> question)
        where T : class =>
        new() { Token = question.Asker.Token, User = question.Asker.User, Timeout = question.Deadline - time.GetUtcNow().UtcDateTime, NotBefore = question.NotBefore };
}
