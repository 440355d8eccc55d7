using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>What operators are shown of a stream.</summary>
internal static class StreamMapping
{
    private const int MostSubscriptions = 3;

    /// <summary>The stream as JSON has it.</summary>
    public static StreamStatus ToResource(this LocatedStream located)
    {
        var stream = located.Stream;
        return new()
        {
            StreamId = stream.StreamId,
            Service = located.Service,
            Replica = located.Address.Authority,
            Kind = stream.Kind.ToString().ToLowerInvariant(),
            Method = stream.Method,
            User = TextOf(stream.User),
            Peer = stream.Peer,
            OpenTime = stream.OpenTime.ToDateTimeOffset(),
            TokenExpireTime = stream.TokenExpireTime?.ToDateTimeOffset(),
            QueuedBytes = stream.QueuedBytes,
            Sent = stream.Sent,
            Lag = stream.Lag,
            Subscriptions = stream.Subscriptions,
            MostBehind = [.. stream.MostBehind.Take(MostSubscriptions).Select(ToResource)],
            Draining = stream.Draining,
        };
    }

    private static SuiteSubscription ToResource(StreamSubscription subscription) => new()
    {
        Key = TextOf(subscription.Key),
        Delivery = subscription.Delivery,
        Lag = subscription.Lag,
        Topics = [.. subscription.Places.Select(place => place.Topic)],
    };

    private static string? TextOf(string text) => text.Length == 0 ? null : text;
}
