using System.Diagnostics.Metrics;
using Microservices.Primitives;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>
/// How many bytes of answers wait for their callers to read them, in the whole process: bounded by <see cref="AdmissionOptions.MaxUnreadBytes"/>,
/// whoever reads slowly, and shared fairly among callers' addresses (<see cref="FairQuota"/>). A singleton; thread-safe.
/// </summary>
public sealed class AnswerBudget
{
    /// <summary>
    /// Answers up to this are not counted, in bytes as they are counted: their number is bounded by that of connections, and of calls that each may have.
    /// </summary>
    public const int SmallAnswer = 4 * 1024;

    private readonly FairQuota quota;

    /// <summary>Made once for a process.</summary>
    public AnswerBudget(IOptions<AdmissionOptions> options, IMeterFactory meters, ILogger<AnswerBudget> logger)
    {
        quota = new("bytes of unread answers", options.Value.MaxUnreadBytes, logger);
        var meter = meters.Create("Microservices.Hosting");
        meter.CreateObservableUpDownCounter("answers.unread", () => quota.Taken, "By", "Large answers that wait for their callers to read them.");
        meter.CreateObservableCounter("answers.cut_off", () => quota.CutOff, "{answer}", "Large answers cut off because their callers left more than their share unread, and others needed the room.");
        meter.CreateObservableCounter("answers.refused", () => quota.Refused, "{answer}", "Large answers refused because too much waited for its callers to read it.");
    }

    /// <summary>What is taken now, in bytes.</summary>
    public long Taken => quota.Taken;

    /// <summary>The answer to a request begins. To be disposed of when it is written, before the request ends.</summary>
    public QuotaHold Begin(HttpContext http) => Begin(http, long.MaxValue);

    /// <summary>A stream of answers begins: together they take no more than a caller's share.</summary>
    public QuotaHold BeginStream(HttpContext http) => Begin(http, quota.Share);

    private QuotaHold Begin(HttpContext http, long max)
    {
        var caller = Caller.Of(http);
        return quota.Begin(caller.Address, caller.Connection, http.CutOff, max);
    }
}
