using System.Buffers;
using Google.Protobuf.WellKnownTypes;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>How a job is to be done, as it was asked for or, where nothing was, as is usual.</summary>
internal readonly record struct JobTerms(JobPriority Priority, DateTimeOffset? Due, TimeSpan Timeout, int MaxAttempts);

/// <summary>The rules for the fields of a job.</summary>
internal static class JobValidation
{
    private const int DefaultAttempts = 3;
    private const int MaxAttempts = 20;
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MinTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(24);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(365);
    private static readonly SearchValues<char> InKind = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    public static JobTerms CheckJob(this FieldViolations violations, EnqueueJobRequest request, DateTimeOffset now)
    {
        violations.CheckId("owner_id", request.OwnerId);
        violations.CheckKind(request.Kind);
        if (request.Input.Length > Job.MaxContent)
            violations.Add("input", $"must have at most {Job.MaxContent} bytes");
        else
            JobKinds.Find(request.Kind)?.Check(request.Input, violations);
        if (!System.Enum.IsDefined(request.Priority))
            violations.Add("priority", "must be LOW, NORMAL or HIGH, or unspecified for NORMAL");
        if (request.UniqueKey.Length > Job.MaxUniqueKey || request.UniqueKey.Any(c => c is < '!' or > '~'))
            violations.Add("unique_key", $"must be at most {Job.MaxUniqueKey} visible ASCII characters");
        if (request.MaxAttempts is < 0 or > MaxAttempts)
            violations.Add("max_attempts", $"must be 0 to {MaxAttempts}");
        violations.CheckIdempotencyKey("idempotency_key", request.IdempotencyKey);
        return new(
            request.Priority == JobPriority.Unspecified ? JobPriority.Normal : request.Priority,
            violations.CheckDue(request.DueTime, now),
            violations.CheckTimeout(request.Timeout),
            request.MaxAttempts == 0 ? DefaultAttempts : request.MaxAttempts);
    }

    private static void CheckKind(this FieldViolations violations, string kind)
    {
        if (kind.Length == 0)
            violations.Add("kind", "is required");
        else if (kind.Length > Job.MaxKind || !char.IsAsciiLetterLower(kind[0]) || kind.AsSpan().ContainsAnyExcept(InKind))
            violations.Add("kind", $"must be 1 to {Job.MaxKind} lower-case letters, digits or '-', beginning with a letter");
    }

    private static DateTimeOffset? CheckDue(this FieldViolations violations, Timestamp? due, DateTimeOffset now)
    {
        if (due is null)
            return null;
        // As Timestamp has it: outside of this ToDateTimeOffset throws.
        if (due is { Seconds: >= -62_135_596_800 and <= 253_402_300_799, Nanos: >= 0 and < 1_000_000_000 } && due.ToDateTimeOffset() <= now + MaxDelay)
            return due.ToDateTimeOffset();
        violations.Add("due_time", $"must be a time, and at most {MaxDelay.TotalDays} days from now");
        return null;
    }

    private static TimeSpan CheckTimeout(this FieldViolations violations, Duration? timeout)
    {
        if (timeout is null)
            return DefaultTimeout;
        if (timeout is { Seconds: >= 0, Nanos: >= 0 and < 1_000_000_000 } && timeout.Seconds <= MaxTimeout.TotalSeconds && timeout.ToTimeSpan() is var value && value >= MinTimeout && value <= MaxTimeout)
            return value;
        violations.Add("timeout", $"must be {MinTimeout.TotalSeconds} s to {MaxTimeout.TotalHours} h");
        return DefaultTimeout;
    }
}
