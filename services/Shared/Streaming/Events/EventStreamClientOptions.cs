using System.ComponentModel.DataAnnotations;
using Microservices.Streaming.Calls;
using Microsoft.Extensions.Options;

namespace Microservices.Streaming.Events;

/// <summary>How a process subscribes to the event streams of a backend. A wrong value stops the process at start and names its key.</summary>
public sealed class EventStreamClientOptions : IValidatableObject
{
    /// <summary>
    /// Where the replicas are; at least one. Default none. Each is an address (<c>http://10.0.0.1:5002</c>, or https), or <c>dns:///orders:5002</c>:
    /// every IP address that the name has, plaintext (a headless Service).
    /// </summary>
    public IList<string> Addresses { get; init; } = [];

    /// <summary>How long connecting may take, until the server's headers. Default 5 s; 1 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many streams are opened at a time; the others wait, those of each caller in turn, so that neither this process nor a replica that takes
    /// over many is busy with nothing else, and none is given up for having waited. Default 16; 1 to 10,000.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxOpening { get; set; } = 16;

    /// <summary>The bound of the wait after the first failure; doubled with each, with jitter. Default 100 ms; 1 ms to 10 min, and not above <see cref="MaxReconnectBackoff"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan ReconnectBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between attempts to connect. Default 5 s; 1 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan MaxReconnectBackoff { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the server is told how far the consumer is, or just that it is there. Default 5 s; 10 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>After how much silence, while waiting for a frame, the stream is given up. Default 45 s; 100 ms to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan ServerTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>How long the end in good order may take before the stream is cut. Default 2 s; 1 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan EndTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Gives the access token that streams are opened with. It is asked again with every heartbeat, and another one than before is shown to the
    /// server, so that a stream outlives its token. Set in code; default none.
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
        if (ReconnectBackoff > MaxReconnectBackoff)
            yield return new ValidationResult($"must not be above MaxReconnectBackoff, which is {MaxReconnectBackoff}", [nameof(ReconnectBackoff)]);
    }
}

[OptionsValidator]
internal sealed partial class EventStreamClientOptionsValidator : IValidateOptions<EventStreamClientOptions>;
