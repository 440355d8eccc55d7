using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Jobs;

/// <summary>How jobs are kept and done: section <c>Jobs</c>. The same for all replicas.</summary>
internal sealed class JobsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Jobs";

    /// <summary>How many jobs of an owner run at a time, at all replicas together. Default 4; 1 to 100.</summary>
    [Range(1, 100)]
    public int MaxRunningPerOwner { get; set; } = 4;

    /// <summary>How many jobs that are not over an owner may have. Default 10,000; 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxJobsPerOwner { get; set; } = 10_000;

    /// <summary>How many bytes the inputs of these may have together. Default 64 MiB; 64 KiB to 1 GiB.</summary>
    [Range(64 << 10, 1 << 30)]
    public int MaxInputBytesPerOwner { get; set; } = 64 << 20;

    /// <summary>How many jobs of an owner are kept that are over, the newest. Default 1,000; 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int MaxKeptPerOwner { get; set; } = 1_000;

    /// <summary>How many schedules an owner may have. Default 100; 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxSchedulesPerOwner { get; set; } = 100;

    /// <summary>How long a job is kept that is over, and how long one may wait to be begun after it is due. Default 7 days; 1 min to 1 year.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often a process commits the progress of a job that it does, and looks whether somebody has cancelled it. Default 500 ms; 10 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a job may go on that was asked to end; then its worker process is killed. Default 5 s; 10 ms to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan CancelGrace { get; set; } = TimeSpan.FromSeconds(5);
}

[OptionsValidator]
internal sealed partial class JobsOptionsValidator : IValidateOptions<JobsOptions>;
