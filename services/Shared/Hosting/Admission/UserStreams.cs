using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>The streams and subscriptions that each user has open at the process. A singleton; thread-safe.</summary>
public sealed class UserStreams(IOptions<AdmissionOptions> options)
{
    /// <summary>gRPC streams, of any kind: <see cref="AdmissionOptions.MaxStreamsPerUser"/>.</summary>
    public UserCount Streams { get; } = new("TOO_MANY_STREAMS", "streams", options.Value.MaxStreamsPerUser);

    /// <summary>Subscriptions on streams, and event streams over HTTP: <see cref="AdmissionOptions.MaxSubscriptionsPerUser"/>.</summary>
    public UserCount Subscriptions { get; } = new("TOO_MANY_SUBSCRIPTIONS", "subscriptions", options.Value.MaxSubscriptionsPerUser);
}
