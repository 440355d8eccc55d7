using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Persistence;

/// <summary>How due work is done: section <c>Due</c>. The same for all replicas of a service.</summary>
public sealed class DueOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Due";

    /// <summary>
    /// How long after its death the work of a process is taken over by another. Renewed every third of it, by a thread that work cannot block.
    /// Default 2 s; 100 ms to 5 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a process looks for work that has become due or that others committed; of its own it knows at once. Default 200 ms; 5 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.005", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How much work of each kind a process does at a time. Default 16; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int Concurrency { get; set; } = 16;

    /// <summary>
    /// How long running work has to end when the process is told to stop; then it is cancelled and given back, for others to begin at once. Less than
    /// what the process itself has (<c>Drain</c>). Default 3 s; 0 to 10 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>For kinds without a schedule of their own: the wait after the first failure, which doubles with each. Default 1 s; 1 ms to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>For kinds without a schedule of their own: the longest wait. Default 1 h; 1 ms to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "30.00:00:00")]
    public TimeSpan MaxRetry { get; set; } = TimeSpan.FromHours(1);

    /// <summary>For kinds without a schedule of their own: after how many attempts work is quarantined. Default 10; 1 to 100.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; set; } = 10;

    /// <summary>How long the same work may be due without being begun before the process says that it is degraded. Default 30 s; 100 ms to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan StallAfter { get; set; } = TimeSpan.FromSeconds(30);
}

[OptionsValidator]
internal sealed partial class DueOptionsValidator : IValidateOptions<DueOptions>;
