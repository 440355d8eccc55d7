namespace Microservices.Streaming.Calls;

/// <summary>What call streams log.</summary>
internal static partial class CallStreamLog
{
    [LoggerMessage(1, LogLevel.Information, "Replica {Address} added")]
    internal static partial void ReplicaAdded(ILogger logger, Uri address);

    [LoggerMessage(2, LogLevel.Information, "Replica {Address} removed")]
    internal static partial void ReplicaRemoved(ILogger logger, Uri address);

    [LoggerMessage(3, LogLevel.Debug, "The call stream to {Address} has ended; it is opened again after a backoff")]
    internal static partial void StreamEnded(ILogger logger, Uri address, Exception? exception);

    [LoggerMessage(6, LogLevel.Error, "The handler of {Method} returned with {Count} calls unanswered; they are answered INTERNAL")]
    internal static partial void CallsLeftUnanswered(ILogger logger, string method, int count);

    [LoggerMessage(7, LogLevel.Warning, "A caller of {Method} at {Peer} has not read for {Timeout}; its stream was cut off")]
    internal static partial void CutOff(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(8, LogLevel.Warning, "A caller of {Method} at {Peer} did not half-close within {Timeout} after it was asked to; its stream was ended")]
    internal static partial void DrainTimedOut(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(9, LogLevel.Error, "Cancelling a batch of {Method} failed in a callback of its token")]
    internal static partial void CancelFailed(ILogger logger, string method, Exception exception);
}
