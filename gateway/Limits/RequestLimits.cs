using System.Globalization;
using Microservices.EventLog;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microsoft.Extensions.Options;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Limits;

/// <summary>
/// The limits of callers: of users, of operators and services, and of addresses without a valid token; and of the sources that webhooks are sent to. Who is refused, or has made more than half of a burst, is told how much is left
/// (draft-ietf-httpapi-ratelimit-headers-10). A singleton; thread-safe.
/// </summary>
internal sealed class RequestLimits(IOptions<LimitsOptions> options, SharedRates shared, LimitsMetrics metrics, TimeProvider time) : IRequestLimits
{
    private readonly RateLimiter users = new(new("user", options.Value.UserRate, options.Value.UserBurst), options.Value, shared, time);
    private readonly RateLimiter operators = new(new("operator", options.Value.OperatorRate, options.Value.OperatorBurst), options.Value, shared, time);
    private readonly RateLimiter addresses = new(new("address", options.Value.AddressRate, options.Value.AddressBurst), options.Value, shared, time);
    private readonly RateLimiter sources = new(new("source", options.Value.SourceRate, options.Value.SourceBurst), options.Value, shared, time);

    public Status? RefusalUnheard(HttpContext http) =>
        addresses.IsSpent(AddressOf(http), out var decision) ? Answer(http, addresses.Policy, decision) : null;

    public ValueTask<Status?> RefusalOfStrangerAsync(HttpContext http) => TakeAsync(http, addresses, AddressOf(http), 1);

    public ValueTask<Status?> RefusalAsync(HttpContext http, Principal caller, int requests = 1) =>
        TakeAsync(http, caller.IsWorkload || caller.Roles.Contains(Roles.Operator) ? operators : users, caller.Id, requests);

    /// <summary>Counts a request to a source of webhooks. Why it is refused; null when it is not.</summary>
    public ValueTask<Status?> RefusalOfSourceAsync(HttpContext http, string sourceId) => TakeAsync(http, sources, sourceId, 1);

    // The token that ends with a request costs something to ask for.
    private ValueTask<Status?> TakeAsync(HttpContext http, RateLimiter limiter, string caller, int requests) =>
        limiter.TryTake(caller, requests, out var decision) ? new(Answer(http, limiter.Policy, decision)) : WaitAsync(http, limiter, caller, requests);

    private async ValueTask<Status?> WaitAsync(HttpContext http, RateLimiter limiter, string caller, int requests) =>
        Answer(http, limiter.Policy, await limiter.TakeAsync(caller, requests, http.RequestAborted));

    private Status? Answer(HttpContext http, RatePolicy policy, RateDecision decision)
    {
        var isRefused = decision.Outcome == RateOutcome.Refused;
        if ((isRefused || decision.Unpaid > policy.Tolerance / 2) && !http.Response.HasStarted)
            RateLimitHeaders.Set(http.Response.Headers, policy, decision);
        if (!isRefused)
            return null;
        metrics.Refused(policy.Name);
        return GatewayErrors.Domain.QuotaExceeded(
            "RATE_LIMITED",
            string.Create(CultureInfo.InvariantCulture, $"More than {policy.Rate} requests a second, or {policy.Burst} at once."),
            policy.Name,
            TimeSpan.FromTicks(Math.Max(1, decision.Wait / TimeSpan.NanosecondsPerTick)));
    }

    private static string AddressOf(HttpContext http) => Caller.Of(http).Address.ToString();
}
