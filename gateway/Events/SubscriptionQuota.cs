using Microservices.Gateway.Errors;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Errors;
using Microservices.Primitives;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>
/// How many event streams over HTTP and subscriptions to overviews this process has for its callers (<see cref="EventsOptions.MaxStreams"/>), shared fairly among their
/// addresses (<see cref="FairQuota"/>): each of them is a stream to a service or two, of which there are not enough for one caller to have any number.
/// A singleton; thread-safe.
/// </summary>
internal sealed class SubscriptionQuota(IOptions<EventsOptions> options, EventsMetrics metrics, ILogger<SubscriptionQuota> logger)
{
    private readonly FairQuota quota = new("event streams and subscriptions", options.Value.MaxStreams, logger);

    /// <summary>Takes one for the caller of a request, which is cut off if it has to make room for another caller's. To be disposed of when it ends.</summary>
    /// <exception cref="StatusException">There is no room.</exception>
    public QuotaHold Take(HttpContext http)
    {
        var caller = Caller.Of(http);
        var hold = quota.Begin(caller.Address, caller.Connection, () => CutOff(http));
        if (hold.TryTake(1))
            return hold;
        metrics.Refused();
        throw new StatusException(GatewayErrors.Domain.Exhausted("TOO_MANY_EVENT_STREAMS", "This gateway has as many event streams open as it may."));
    }

    private void CutOff(HttpContext http)
    {
        metrics.Refused();
        http.CutOff();
    }
}
