using System.Diagnostics;
using Microservices.Hosting.Admission;

namespace Microservices.Identity;

/// <summary>Where a request comes from, as sessions and the audit log keep it.</summary>
/// <param name="Address">The caller's address; of IPv6 the first half, since whoever has one such address has all of them.</param>
/// <param name="UserAgent">What the browser calls itself, cut to what is kept.</param>
/// <param name="TraceId">The trace, in hex; empty when there is none.</param>
internal sealed record Origin(string Address, string UserAgent, string TraceId)
{
    /// <summary>Who is named where the process does something by itself.</summary>
    public const string Actor = "identity";

    /// <summary>What the process does by itself.</summary>
    public static Origin Process { get; } = new("", "", "");

    /// <summary>That of a request.</summary>
    public static Origin Of(HttpContext http)
    {
        var agent = http.Request.Headers.UserAgent.ToString();
        return new(Caller.Of(http).Address.ToString(), agent.Length > Session.MaxUserAgent ? agent[..Session.MaxUserAgent] : agent, Activity.Current?.TraceId.ToHexString() ?? "");
    }
}
