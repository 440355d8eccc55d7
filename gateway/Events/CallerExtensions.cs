using Microservices.Hosting.Admission;
using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

internal static class CallerExtensions
{
    /// <summary>The caller as clients of event streams know one, where callers take turns.</summary>
    public static SubscribingCaller Subscribing(this Caller caller) => new(caller.Address, caller.Connection);
}
