using System.ComponentModel.DataAnnotations;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Streaming.Calls;

/// <summary>How a service calls a backend over call streams. A wrong value stops the process at start and names its key.</summary>
public sealed class CallStreamClientOptions : IValidatableObject
{
    /// <summary>
    /// Where the replicas are; at least one. Default none. Each is an address (<c>http://10.0.0.1:5001</c>, or https), or <c>dns:///users:5001</c>:
    /// every IP address that the name has, plaintext (a headless Service).
    /// </summary>
    public IList<string> Addresses { get; init; } = [];

    /// <summary>How often names are resolved again; also at once after a stream broke, but not within a second. Default 30 s; 1 s to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan DiscoveryInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a call may take that does not say so itself. Default 10 s; 1 ms to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many calls may wait for credit, over all replicas; more are refused with RESOURCE_EXHAUSTED. Default 4,096; 0 to 1,000,000.</summary>
    [Range(0, 1_000_000)]
    public int MaxWaiting { get; set; } = 4_096;

    /// <summary>
    /// Whether the calls in flight are limited by what the backend can bear, as its latency tells (<see cref="ConcurrencyLimit"/>); those
    /// beyond are refused at once with RESOURCE_EXHAUSTED. Calls that share an answer count as one. Default false.
    /// </summary>
    public bool AdaptiveConcurrency { get; set; }

    /// <summary>The adaptive limit never goes below this. Default 64; 1 to 65,536, and not above <see cref="MaxConcurrency"/>.</summary>
    [Range(1, 65_536)]
    public int MinConcurrency { get; set; } = 64;

    /// <summary>The adaptive limit never goes above this. Default 1,024; 1 to 65,536.</summary>
    [Range(1, 65_536)]
    public int MaxConcurrency { get; set; } = 1024;

    /// <summary>
    /// How long calls wait after it has turned out that no replica can be reached, before they fail UNAVAILABLE; from then on, until one
    /// can be reached, they fail at once. Default 1 s; 0 to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan UnavailableAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often an idempotent call is sent when streams break, hedges not counted. Default 3; 1 to 10.</summary>
    [Range(1, 10)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>Extra calls that hedging may send, as a share of all calls; 0 turns it off. Default 0.05; 0 to 1.</summary>
    [Range(0d, 1d)]
    public double HedgeBudget { get; set; } = 0.05;

    /// <summary>A call is hedged after the p95 of the last 10 to 20 s, to the millisecond before, but not before this. Default 1 ms; 0 to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan MinHedgeDelay { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether identical calls of the same principal are one call while it is under way. Default true; idempotent methods only.</summary>
    public bool SingleFlight { get; set; } = true;

    /// <summary>How long connecting, and then waiting for the first frame, may take. Default 5 s; 1 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait after the first failure to connect; doubled with each, with jitter. Default 100 ms; 1 ms to 10 min, and not above <see cref="MaxReconnectBackoff"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan ReconnectBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between attempts to connect. Default 5 s; 1 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan MaxReconnectBackoff { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The age at which a stream is replaced by a fresh one, up to a fifth earlier at random. Default 30 min; 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a stream that takes no new calls may take to answer the old ones and end. Default 15 s; 1 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>After how much silence a connection is pinged. Default 30 s; 1 s to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KeepAlivePingDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the answer to a ping may take before the connection counts as dead. Default 10 s; 1 s to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How large a frame gets; the calls above it go into the next, and one that is larger by itself goes alone. Default 256 KiB; 1 KiB to
    /// 960 KiB, since services take 1 MiB.
    /// </summary>
    [Range(1 << 10, MessageSizes.MaxCalls)]
    public int MaxFrameBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// Gives the access token that a stream is opened with. The callee asks for the stream's end in good order when it expires, and calls go on at the next
    /// stream. Set in code; default none.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? Token { get; set; }

    /// <summary>How TLS is spoken with the replicas; null where they have none.</summary>
    internal IClientTls? Tls { get; set; }

    /// <summary>Whether the replicas come from an <see cref="IReplicaSource"/> that was registered, and <see cref="Addresses"/> may be empty.</summary>
    internal bool HasSource { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var failure in ConfiguredReplicas.Validate(nameof(Addresses), Addresses, ownSource: HasSource))
            yield return failure;
        if (MinConcurrency > MaxConcurrency)
            yield return new ValidationResult($"must not be above MaxConcurrency, which is {MaxConcurrency}", [nameof(MinConcurrency)]);
        if (ReconnectBackoff > MaxReconnectBackoff)
            yield return new ValidationResult($"must not be above MaxReconnectBackoff, which is {MaxReconnectBackoff}", [nameof(ReconnectBackoff)]);
    }
}

[OptionsValidator]
internal sealed partial class CallStreamClientOptionsValidator : IValidateOptions<CallStreamClientOptions>;
