using Microservices.Primitives;

namespace Microservices.Webhooks;

/// <summary>When a message is sent again, and when an endpoint that fails is tried again.</summary>
internal static class DeliverySchedule
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>How long after so many attempts the next one is; null when there is none.</summary>
    public static TimeSpan? After(int attempts) => attempts <= Delays.Length ? Jitter.Between(Delays[attempts - 1], 1.2 * Delays[attempts - 1]) : null;

    /// <summary>How long an endpoint is left alone that has failed so often in a row.</summary>
    public static TimeSpan Pause(int failures)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures, 20));
        return Jitter.Between(0.8 * (pause < MaxPause ? pause : MaxPause), pause < MaxPause ? pause : MaxPause);
    }
}
