using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Egress;

/// <summary>The section <c>Egress</c>: which addresses of strangers are called, and what they may cost. Validated at start.</summary>
public sealed class EgressOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Egress";

    /// <summary>Whether http is allowed beside https, in the Development environment only. Default false.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>Networks that are called although nobody may, such as <c>127.0.0.0/8</c>, in the Development environment only. Default none; 0 to 100.</summary>
    [Length(0, 100, ErrorMessage = "must have at most 100 networks, such as 127.0.0.0/8")]
    public IList<string> AllowedNetworks { get; } = [];

    /// <summary>More networks that are not called: public addresses of one's own, or a prefix of a NAT64 of one's own. Default none; 0 to 100.</summary>
    [Length(0, 100, ErrorMessage = "must have at most 100 networks, such as 8.8.8.0/24")]
    public IList<string> RefusedNetworks { get; } = [];

    /// <summary>How long a connection may take, with the look-up of the name and with TLS. Default 5 s; 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the headers of an answer may take, counted from when the request's turn came. Default 30 s; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the whole exchange may take, counted from there too. Default 40 s; 100 ms to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>Most bytes of an answer's headers together. Default 16 KiB; 1 KiB to 1 MiB.</summary>
    [Range(1 << 10, 1 << 20)]
    public int MaxHeaderBytes { get; set; } = 16 << 10;

    /// <summary>Most bytes that are kept of an answer's body, decompressed. Default 4 KiB; 1 to 64 MiB.</summary>
    [Range(1, 64 << 20)]
    public int MaxBodyBytes { get; set; } = 4 << 10;

    /// <summary>How many requests are under way at a time. Default 256; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrent { get; set; } = 256;

    /// <summary>How many of them to one host, which has as many connections at most. Default 4; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxConcurrentPerHost { get; set; } = 4;

    /// <summary>How many requests wait for a turn at a time. Default 1,024; 0 to 100,000.</summary>
    [Range(0, 100_000)]
    public int MaxQueued { get; set; } = 1_024;

    /// <summary>How many requests wait for the turn of one host at a time. Default 32; 0 to 10,000.</summary>
    [Range(0, 10_000)]
    public int MaxQueuedPerHost { get; set; } = 32;

    /// <summary>How long a request waits for its turn. Default 5 s; 0 to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many names are looked up at a time, each on a thread of its own. Default 64; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxLookups { get; set; } = 64;

    /// <summary>How long a connection takes new requests: then the name is looked up again, and its addresses are checked again. Default 1 min; 1 s to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ConnectionLifetime { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a connection is kept that nothing uses. Default 10 s; 0 to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What a longer <c>Retry-After</c> counts as. Default 1 day; 0 to 1 year.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ConnectTimeout > HeadersTimeout)
            yield return new ValidationResult($"must not be above HeadersTimeout, which is {HeadersTimeout}", [nameof(ConnectTimeout)]);
        if (HeadersTimeout > Timeout)
            yield return new ValidationResult($"must not be above Timeout, which is {Timeout}", [nameof(HeadersTimeout)]);
        foreach (var (name, networks) in new[] { (nameof(AllowedNetworks), AllowedNetworks), (nameof(RefusedNetworks), RefusedNetworks) })
        {
            for (var i = 0; i < networks.Count; i++)
            {
                if (!IPNetwork.TryParse(networks[i], out _))
                    yield return new ValidationResult("must be a network such as 8.8.8.0/24", [$"{name}:{i}"]);
            }
        }
    }
}

[OptionsValidator]
internal sealed partial class EgressOptionsValidator : IValidateOptions<EgressOptions>;

/// <summary>What is well on a developer's machine stops the process anywhere else.</summary>
internal sealed class UnsafeEgressCheck(IHostEnvironment environment) : IValidateOptions<EgressOptions>
{
    public ValidateOptionsResult Validate(string? name, EgressOptions options)
    {
        if (environment.IsDevelopment())
            return ValidateOptionsResult.Success;
        List<string> failures = [];
        if (options.AllowHttp)
            failures.Add($"{EgressOptions.Section}:{nameof(options.AllowHttp)} must be false outside Development, but is true");
        if (options.AllowedNetworks.Count > 0)
            failures.Add($"{EgressOptions.Section}:{nameof(options.AllowedNetworks)} must be absent outside Development");
        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
