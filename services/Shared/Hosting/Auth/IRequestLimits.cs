using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>How many requests callers may make of a process that has such limits: the gateway. Thread-safe.</summary>
public interface IRequestLimits
{
    /// <summary>Why a request is not even looked at whose token is not known: its address has made too many without a valid one. Null when it is looked at.</summary>
    Status? RefusalUnheard(HttpContext http);

    /// <summary>Counts a request that has no valid token against its address. Why it is refused; null when it is not.</summary>
    ValueTask<Status?> RefusalOfStrangerAsync(HttpContext http);

    /// <summary>Counts requests of a caller. Why they are refused; null when they are not.</summary>
    /// <param name="http">What they have come with: a request, or a stream.</param>
    /// <param name="caller">Who makes them.</param>
    /// <param name="requests">How many.</param>
    ValueTask<Status?> RefusalAsync(HttpContext http, Principal caller, int requests = 1);
}
