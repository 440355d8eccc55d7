using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// What Kestrel logs of how a client treats its own connection, such as a flood of frames, for which it closes that connection. Kestrel calls some
/// of it critical. Nobody else is harmed and nothing needs to be mended, so it is a warning: an error is one of ours.
/// </summary>
internal static class ClientConduct
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    // A connection that was given up while it was flooded may be forgotten before its last task has ended.
    private const string NeverCompleted = "ApplicationNeverCompleted";

    /// <summary>The level to log it at.</summary>
    public static LogLevel Level(LogLevel level, string category, EventId kind) =>
        level > LogLevel.Warning && (category is $"{Kestrel}.Http2" or $"{Kestrel}.Connections" or $"{Kestrel}.BadRequests" || (category == Kestrel && kind.Name == NeverCompleted))
            ? LogLevel.Warning
            : level;
}
