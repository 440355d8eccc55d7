using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>
/// What attempts say of an endpoint: how many messages may be under way at a time, whether it is to be left alone, and whether it has to be disabled. It begins
/// with one, and each success allows one more; each failure halves it. Not thread-safe.
/// </summary>
internal sealed class EndpointHealth(Endpoint endpoint, WebhooksOptions options)
{
    private static readonly TimeSpan SlowFrom = TimeSpan.FromSeconds(2);
    private bool asked;
    private bool slow;

    /// <summary>How many may be under way.</summary>
    public int Window { get; private set; } = 1;

    public int Failures { get; private set; } = endpoint.Failures;

    public DateTimeOffset? FailingSince { get; private set; } = endpoint.FailingSince;

    /// <summary>Whether it took long, by what is known last.</summary>
    public bool Slow => asked ? slow : endpoint.Slow;

    /// <summary>For how long nothing is to be sent; null when that is not so.</summary>
    public TimeSpan? Pause { get; private set; }

    /// <summary>Whether it succeeds again after it has failed for some time: what waits for it need not wait any longer.</summary>
    public bool Recovered { get; private set; }

    public bool IsGone { get; private set; }

    public void Add(SentMessage sent, DateTimeOffset now)
    {
        if (!sent.WasSent)
            return;
        asked = true;
        slow |= sent.Answer.Elapsed >= SlowFrom;
        if (sent.Succeeded)
        {
            Recovered |= Failures >= Endpoint.FailingFrom;
            (Failures, FailingSince, Pause) = (0, null, null);
            Window = Math.Min(options.MaxConcurrentPerEndpoint, Window + 1);
            return;
        }

        Failures++;
        FailingSince ??= now;
        Window = Math.Max(1, Window / 2);
        IsGone |= sent.IsGone;
        var wanted = sent.Answer.RetryAfter ?? (sent.IsThrottled ? DeliverySchedule.Pause(0) : null);
        if (Failures >= Endpoint.FailingFrom)
            wanted = Longer(wanted, DeliverySchedule.Pause(Failures - Endpoint.FailingFrom));
        Pause = Longer(Pause, wanted);
    }

    /// <summary>Nothing was sent for want of a place: it is left for a moment.</summary>
    public void AddBusy() => Pause = Longer(Pause, TimeSpan.FromSeconds(1));

    /// <summary>Writes it down, and disables an endpoint that has to be.</summary>
    /// <param name="kept">The endpoint as it is now.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether it was disabled by that.</returns>
    public bool Record(Endpoint kept, DateTimeOffset now)
    {
        (kept.Failures, kept.FailingSince, kept.Slow) = (Failures, FailingSince, Slow);
        if (kept.State != EndpointState.Enabled)
            return false;
        if (IsGone)
            (kept.State, kept.StateReason) = (EndpointState.Gone, "It has answered 410.");
        else if (FailingSince is { } since && now - since >= options.DisableAfter)
            (kept.State, kept.StateReason) = (EndpointState.Failed, $"Every attempt since {since:u} has failed.");
        else
            return false;
        kept.UpdateTime = now;
        return true;
    }

    private static TimeSpan? Longer(TimeSpan? one, TimeSpan? other) => one is null || other > one ? other ?? one : one;
}
