using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// Serves events over HTTP: as many streams as <see cref="SubscriptionQuota"/> has room for, and as a user may have open (<see cref="UserStreams"/>), for as long as
/// <see cref="StreamLifetime"/> says. A singleton; thread-safe.
/// </summary>
internal sealed class MergedEventStreams(
    SubscriptionQuota quota, UserStreams open, SseStreams streams, StreamLifetime lifetime, IOptions<EventsOptions> options, EventsMetrics metrics, TimeProvider time, ILogger<MergedEventStream> logger)
{
    /// <summary>Serves one client until it is gone, or is told that this is the end.</summary>
    /// <param name="http">The request.</param>
    /// <param name="find">Finds what the client asks for, if the client may see it.</param>
    /// <param name="from">Where to go on; null: from now on.</param>
    /// <exception cref="StatusException">Too many streams are open, or too many of this user.</exception>
    /// <exception cref="RpcException">There is no such thing to follow, or a service refuses.</exception>
    public async Task ServeAsync(HttpContext http, Func<Task<FollowedEvents>> find, ReaderPosition[]? from)
    {
        if (HeadRequests.IsHead(http))
        {
            // The headers that the stream has, and no stream.
            await find();
            await SseResponse.BeginAsync(http);
            return;
        }

        using var mine = open.Subscriptions.Open((Principal)http.User);
        using var hold = quota.Take(http);
        await FollowAsync(http, await find(), from);
    }

    private async Task FollowAsync(HttpContext http, FollowedEvents followed, ReaderPosition[]? from)
    {
        var positions = from ?? new ReaderPosition[followed.Sources.Count];
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        try
        {
            await using var following = followed.Follow(positions, Caller.Of(http), http.RequestAborted);
            using var stream = streams.Begin(http, [.. followed.Sources.Select((_, i) => new StreamSubscription { SubscriptionId = (uint)i + 1, Key = followed.Key, Delivery = "LOSSLESS" })]);
            var events = new MergedEventStream(http, stream.Writer, following, followed, positions, options.Value, metrics, time, logger);
            await events.RunAsync(Task.WhenAny(lifetime.EndAsync((Principal)http.User, ended.Token), stream.Asked).Unwrap());
        }
        finally
        {
            await ended.CancelAsync();
        }
    }
}
