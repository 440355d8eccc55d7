using System.Diagnostics;

namespace Microservices.EventLog;

/// <summary>
/// The spans of what the log asks Redis, by OpenTelemetry's conventions for databases. The client's own instrumentation would keep a record of each
/// command, whether anybody traces it or not.
/// </summary>
internal static class RedisSpans
{
    private static readonly ActivitySource Source = new("Microservices.EventLog");

    /// <summary>Starts one under the current span; null when that is not recorded.</summary>
    public static Activity? Start(string operation) => Activity.Current is { Recorded: true }
        ? Source.StartActivity(ActivityKind.Client, tags: [new("db.system.name", "redis"), new("db.operation.name", operation)], name: operation)
        : null;

    /// <summary>Redis did not answer.</summary>
    public static void SetFailed(this Activity? span, Exception why) => span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", why.GetType().FullName);
}
