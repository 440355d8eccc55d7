using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;
using Microservices.Users.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// Serves events over HTTP: as many streams as <see cref="SubscriptionQuota"/> has room for, and as a user may have open (<see cref="UserStreams"/>), for as long as
/// <see cref="StreamLifetime"/> says. A singleton; thread-safe.
/// </summary>
internal sealed class UserEventStreams(
    MergedUserEvents merged, UsersService.UsersServiceClient users, SubscriptionQuota quota, UserStreams open, SseStreams streams, StreamLifetime lifetime, IOptions<EventsOptions> options, EventsMetrics metrics, TimeProvider time, ILogger<UserEventStream> logger)
{
    /// <summary>Serves one client until it is gone, or is told that this is the end.</summary>
    /// <exception cref="StatusException">Too many streams are open, or too many of this user.</exception>
    /// <exception cref="RpcException">The user does not exist, or a service refuses.</exception>
    public async Task ServeAsync(HttpContext http, string userId, ReaderPosition[]? from)
    {
        using var mine = open.Subscriptions.Open((Principal)http.User);
        using var hold = quota.Take(http);
        await RequireUserAsync(http, userId);
        await FollowAsync(http, userId, from);
    }

    /// <summary>The headers that a stream of this user has, and no stream.</summary>
    /// <exception cref="RpcException">The user does not exist.</exception>
    public async Task DescribeAsync(HttpContext http, string userId)
    {
        await RequireUserAsync(http, userId);
        await SseResponse.BeginAsync(http);
    }

    // A user that does not exist is a problem now, not silence for ever.
    private async Task RequireUserAsync(HttpContext http, string userId) =>
        await users.GetUserAsync(new GetUserRequest { UserId = userId }, http.CallOptions());

    private async Task FollowAsync(HttpContext http, string userId, ReaderPosition[]? from)
    {
        var positions = from ?? new ReaderPosition[MergedUserEvents.Sources.Count];
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        try
        {
            await using var following = merged.Follow(userId, positions, Caller.Of(http), http.RequestAborted);
            using var stream = streams.Begin(http, [.. MergedUserEvents.Sources.Select((_, i) => new StreamSubscription { SubscriptionId = (uint)i + 1, Key = userId, Delivery = "LOSSLESS" })]);
            var events = new UserEventStream(http, stream.Writer, following, MergedUserEvents.Owner(userId), positions, options.Value, metrics, time, logger);
            await events.RunAsync(Task.WhenAny(lifetime.EndAsync((Principal)http.User, ended.Token), stream.Asked).Unwrap());
        }
        finally
        {
            await ended.CancelAsync();
        }
    }
}
