using Google.Protobuf;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Where the parts of an overview come from. A source keeps to the deadline and the token by itself, and fails with
/// <see cref="RpcException"/>. What it gives may be shared with others who ask the same: it is not to be changed. It gives what was
/// known already, itself, when that is still so. Thread-safe.
/// </summary>
internal interface IOverviewSources
{
    /// <summary>The user.</summary>
    Task<Answer<User>> GetUserAsync(string userId, Answer<User>? known, DateTime deadline, CancellationToken cancellationToken);

    /// <summary>The user's latest orders, newest first.</summary>
    Task<Answer<IReadOnlyList<Order>>> GetOrdersAsync(string userId, int limit, Answer<IReadOnlyList<Order>>? known, DateTime deadline, CancellationToken cancellationToken);

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
    public async Task<Answer<User>> GetUserAsync(string userId, Answer<User>? known, DateTime deadline, CancellationToken cancellationToken)
    {
        var result = await users.CallAsync(new LookupUsersCall { UserId = userId, KnownEtag = known?.ETag ?? 0 }, Until(deadline), cancellationToken);
        if (result.HasUnchanged)
            return SoundAnswers.Known(known, result.Etag);
        var bytes = SizeOf(result.User);
        return new(SoundAnswers.Check(result.User, userId), result.Etag, bytes);
    }

    public async Task<Answer<IReadOnlyList<Order>>> GetOrdersAsync(
        string userId, int limit, Answer<IReadOnlyList<Order>>? known, DateTime deadline, CancellationToken cancellationToken)
    {
        var call = new LookupOrdersCall { UserId = userId, Limit = limit, KnownEtag = known?.ETag ?? 0 };
        var result = await orders.CallAsync(call, Until(deadline), cancellationToken);
        if (result.HasUnchanged)
            return SoundAnswers.Known(known, result.Etag);
        var bytes = SizeOf(result.Latest);
        return new(SoundAnswers.Check(result.Latest?.Orders, userId), result.Etag, bytes);
    }

    public void Together(Action ask) => users.Together(() => orders.Together(ask));

    private int SizeOf(IMessage? part)
    {
        var bytes = part?.CalculateSize() ?? 0;
        return bytes <= options.Value.MaxPartBytes ? bytes : throw SoundAnswers.TooLarge();
    }

    private CallSettings Until(DateTime deadline) => new() { Timeout = deadline - time.GetUtcNow().UtcDateTime };
}
