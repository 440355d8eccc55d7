using System.Globalization;

namespace Microservices.Gateway.Limits;

/// <summary>The headers of draft-ietf-httpapi-ratelimit-headers-10: the policy, and what is left of it. They are structured fields (RFC 9651).</summary>
internal static class RateLimitHeaders
{
    /// <summary>What is left (<c>r</c>, requests) and when all is there again (<c>t</c>, seconds): <c>"user";r=12;t=10</c>.</summary>
    public const string Limit = "RateLimit";

    /// <summary>How many requests (<c>q</c>) in how many seconds (<c>w</c>): <c>"user";q=2000;w=10</c>.</summary>
    public const string Policy = "RateLimit-Policy";

    private const long Second = 1_000_000_000;

    /// <summary>Sets them.</summary>
    public static void Set(IHeaderDictionary headers, RatePolicy policy, RateDecision decision)
    {
        var left = Math.Max(0, (policy.Tolerance - decision.Unpaid) * policy.Rate / Second);
        headers[Policy] = string.Create(CultureInfo.InvariantCulture, $"\"{policy.Name}\";q={policy.Burst};w={policy.Window}");
        headers[Limit] = string.Create(CultureInfo.InvariantCulture, $"\"{policy.Name}\";r={left};t={(decision.Unpaid + Second - 1) / Second}");
    }
}
