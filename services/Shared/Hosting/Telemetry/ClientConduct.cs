using Microsoft.Extensions.Logging;

namespace Microservices.Hosting.Telemetry;

/// <summary>
/// Lowers what Kestrel logs of a client that misuses its own connection, for instance by a flood of frames, for which Kestrel closes that
/// connection. Kestrel logs some of it as critical. No other caller is harmed and nothing needs to be mended, so that a warning is enough.
/// </summary>
internal static class ClientConduct
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    // Kestrel may forget a flooded connection that it closed before the connection's last task has ended.
    private const string NeverCompleted = "ApplicationNeverCompleted";

    /// <summary>The level at which to log the line.</summary>
    public static LogLevel Level(LogLevel level, string category, EventId kind) =>
        level > LogLevel.Warning && (category is $"{Kestrel}.Http2" or $"{Kestrel}.Connections" or $"{Kestrel}.BadRequests" || (category == Kestrel && kind.Name == NeverCompleted))
            ? LogLevel.Warning
            : level;
}
