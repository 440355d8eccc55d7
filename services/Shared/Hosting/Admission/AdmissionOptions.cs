using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>How much a process takes on at a time: section <c>Admission</c>. A wrong value stops the process at start and names its key.</summary>
public sealed class AdmissionOptions
{
    /// <summary>How many unary calls are handled at a time, other than lists. Default 256; 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxCalls { get; set; } = 256;

    /// <summary>
    /// How many lists (methods named List, Search or BatchGet) are handled at a time. Default: half as many as there are processors, and at least
    /// one, so that whoever lists leaves something to all others; 1 to 10,000.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxLists { get; set; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>
    /// How many unary calls may wait for their turn, of lists and of others each. Callers' addresses take turns, and the connections of each; beyond
    /// this the one with the most calls waiting loses one to RESOURCE_EXHAUSTED. Default 1,000; 0 to 100,000.
    /// </summary>
    [Range(0, 100_000)]
    public int MaxWaiting { get; set; } = 1_000;

    /// <summary>How many gRPC streams a user has open at the process. Operators and the suite's services have as many as there is room for. Default 100; 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int MaxStreamsPerUser { get; set; } = 100;

    /// <summary>
    /// How many subscriptions a user has open on all its streams at the process; at the gateway its event streams over HTTP are among them. Operators and the suite's services have as many as
    /// there is room for. Default 1,000; 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxSubscriptionsPerUser { get; set; } = 1_000;

    /// <summary>How long a unary call waits for its turn, its deadline permitting, before it is RESOURCE_EXHAUSTED. Default 5 s; 10 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a caller may leave the answer of a unary call unread before the call is cut off. Default 10 s; 100 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many bytes of answers the process holds for callers that have not read them yet; the gateway counts those of REST as the services
    /// sent them, and in memory they take about six times that. A quarter of it is the share of each caller's address. For what would go
    /// beyond the whole, the address that holds the most loses its oldest answer, provided that it holds more than its share and more than
    /// the caller who asks; otherwise that caller is refused. Default 16 MiB; 1 MiB to 16 GiB.
    /// </summary>
    [Range(1L << 20, 16L << 30)]
    public long MaxUnreadBytes { get; set; } = 16 << 20;

    /// <summary>
    /// How many connections the gRPC port takes, each of which may have 100 calls and streams.
    /// Beyond it the address that has the most loses its oldest, by the rule of <see cref="MaxUnreadBytes"/>. Default 100, since a call whose
    /// answer nobody reads, however small it is, takes about 25 KiB, which makes 250 MiB of a pod's 512; 1 to 100,000.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 100;

    /// <summary>
    /// How many connections the HTTP/1.1 port takes, if there is one, by the same rule. Default 10,000, since one whose answers nobody reads, or over which
    /// requests are sent ahead, takes up to 25 KiB; 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxHttpConnections { get; set; } = 10_000;
}

[OptionsValidator]
internal sealed partial class AdmissionOptionsValidator : IValidateOptions<AdmissionOptions>;
