using Microservices.Hosting.Admission;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway;

/// <summary>What Identity is asked at a time, of all that the gateway asks it for others: shared fairly among callers' addresses. Thread-safe.</summary>
internal sealed class AuthorityQuota(IOptions<AuthorityOptions> options, ILogger<AuthorityQuota> logger)
{
    /// <summary>The requests that are with it.</summary>
    public FairQuota Requests { get; } = new("requests to Identity", options.Value.MaxRequests, logger);
}
