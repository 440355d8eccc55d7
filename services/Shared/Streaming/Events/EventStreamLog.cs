namespace Microservices.Streaming.Events;

/// <summary>What event streams log.</summary>
internal static partial class EventStreamLog
{
    [LoggerMessage(20, LogLevel.Warning, "A client of {Method} at {Peer} has not read for {Timeout}; its stream is cut off")]
    internal static partial void CutOff(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(21, LogLevel.Warning, "A client of {Method} at {Peer} did not half-close within {Timeout} of being asked to; its stream is ended")]
    internal static partial void DrainTimedOut(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(23, LogLevel.Information, "A client of {Method} at {Peer} was silent for {Timeout}; its stream is ended")]
    internal static partial void Silent(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(24, LogLevel.Debug, "The event stream {Method} from {Address} broke; subscribing again after {Delay}")]
    internal static partial void Broken(ILogger logger, string method, Uri? address, TimeSpan delay, Exception? exception);
}
