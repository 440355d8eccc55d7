using Grpc.Core;

namespace Microservices.Streaming.Events;

/// <summary>How a process subscribes to the event streams of a backend. A wrong value stops the process at start and names its key.</summary>
public sealed class EventStreamClientOptions
{
    /// <summary>
    /// Where the replicas are; at least one. Each is an address (<c>http://10.0.0.1:5002</c>, or https), or <c>dns:///orders:5002</c>:
    /// every IP address that the name has, plaintext (a headless Service).
    /// </summary>
    public IList<string> Addresses { get; init; } = [];

    /// <summary>How long connecting may take, until the server's headers. Default 5 s; above zero, to 1 min.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many streams are opened at a time; the others wait, so that a replica that takes over many is not asked for all at once and
    /// none is given up for having waited. Default 256; 1 to 10,000.
    /// </summary>
    public int MaxOpening { get; set; } = 256;

    /// <summary>The bound of the wait after the first failure; doubled with each, with jitter. Default 100 ms; above zero, to <see cref="MaxReconnectBackoff"/>.</summary>
    public TimeSpan ReconnectBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between attempts to connect. Default 5 s; to 10 min.</summary>
    public TimeSpan MaxReconnectBackoff { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the server is told how far the consumer is, or just that it is there. Default 5 s; 10 ms to 10 min.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>After how much silence, while waiting for a frame, the stream is given up. Default 45 s; 100 ms to 1 h.</summary>
    public TimeSpan ServerTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>How long the end in good order may take before the stream is cut. Default 2 s; above zero, to 1 min.</summary>
    public TimeSpan EndTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gives the metadata for a stream about to be opened, such as this service's credentials. Set in code; default none.</summary>
    public Func<CancellationToken, ValueTask<Metadata>>? Headers { get; set; }
}
