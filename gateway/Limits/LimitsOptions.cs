using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Limits;

/// <summary>
/// How many requests a caller may make, at all replicas together: section <c>Limits</c>. Of each kind of caller that is a rate, and a burst: how many may be made at once by one
/// that has made none for a while. An overview of a batch counts as a request, and so does one that is asked for or subscribed to on a stream.
/// </summary>
public sealed class LimitsOptions
{
    private const int MaxRate = 1_000_000;
    private const int MaxBurst = 10_000_000;

    /// <summary>How many requests a second a user may make. Default 200; 1 to 1,000,000.</summary>
    [Range(1, MaxRate)]
    public int UserRate { get; set; } = 200;

    /// <summary>How many at once, of which the largest batch needs 100. Default 2,000; 100 to 10,000,000.</summary>
    [Range(100, MaxBurst)]
    public int UserBurst { get; set; } = 2_000;

    /// <summary>
    /// How many requests a second an operator may make, and a service of the suite. Default 100,000, which is more than a gateway of two processors answers: it bounds what one of
    /// them can do to many gateways, and not their work; 1 to 1,000,000.
    /// </summary>
    [Range(1, MaxRate)]
    public int OperatorRate { get; set; } = 100_000;

    /// <summary>How many at once. Default 100,000; 100 to 10,000,000.</summary>
    [Range(100, MaxBurst)]
    public int OperatorBurst { get; set; } = 100_000;

    /// <summary>
    /// How many requests a second may come from an address without a valid token: those for pages that anybody may see, and those that are refused. Beyond it a token that is not
    /// known yet is not even looked at; callers who are known are served on. Of IPv6 the first half counts as one address. Default 100; 1 to 1,000,000.
    /// </summary>
    [Range(1, MaxRate)]
    public int AddressRate { get; set; } = 100;

    /// <summary>How many at once. Default 2,000; 100 to 10,000,000.</summary>
    [Range(100, MaxBurst)]
    public int AddressBurst { get; set; } = 2_000;

    /// <summary>How many requests a second may come to a source of webhooks (<c>/in/{source}</c>), whoever sends them. Default 20; 1 to 1,000,000.</summary>
    [Range(1, MaxRate)]
    public int SourceRate { get; set; } = 20;

    /// <summary>How many at once. Default 500; 100 to 10,000,000.</summary>
    [Range(100, MaxBurst)]
    public int SourceBurst { get; set; } = 500;

    /// <summary>
    /// How many users, operators, addresses and sources each a replica counts by itself, in about 300 bytes each; those that asked last. Another one is counted anew, from what Redis knows of it.
    /// Default 100,000; 100 to 10,000,000.
    /// </summary>
    [Range(100, 10_000_000)]
    public int MaxCallers { get; set; } = 100_000;

    /// <summary>How long Redis may take for a count; then each replica counts by itself for a second. Default 250 ms; 10 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan RedisTimeout { get; set; } = TimeSpan.FromMilliseconds(250);
}

[OptionsValidator]
internal sealed partial class LimitsOptionsValidator : IValidateOptions<LimitsOptions>;
