namespace Microservices.Streaming.Calls;

/// <summary>What call streams log.</summary>
internal static partial class CallStreamLog
{
    [LoggerMessage(1, LogLevel.Information, "Replica {Address} added")]
    internal static partial void ReplicaAdded(ILogger logger, Uri address);

    [LoggerMessage(2, LogLevel.Information, "Replica {Address} removed")]
    internal static partial void ReplicaRemoved(ILogger logger, Uri address);

    [LoggerMessage(3, LogLevel.Warning, "The call stream to {Address} ended; connecting again after a backoff")]
    internal static partial void StreamBroken(ILogger logger, Uri address, Exception? exception);

    [LoggerMessage(4, LogLevel.Warning, "Could not resolve {Addresses}; the replicas known stay")]
    internal static partial void DiscoveryFailed(ILogger logger, string addresses, Exception exception);

    [LoggerMessage(5, LogLevel.Error, "The handler of {Method} failed on a batch of {Count} calls; those unanswered are answered INTERNAL")]
    internal static partial void HandlerFailed(ILogger logger, string method, int count, Exception exception);

    [LoggerMessage(6, LogLevel.Error, "The handler of {Method} returned with {Count} calls unanswered; they are answered INTERNAL")]
    internal static partial void HandlerForgot(ILogger logger, string method, int count);

    [LoggerMessage(7, LogLevel.Warning, "A caller of {Method} at {Peer} has not read for {Timeout}; its stream is cut off")]
    internal static partial void CutOff(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(8, LogLevel.Warning, "A caller of {Method} at {Peer} did not half-close within {Timeout} of being asked to; its stream is ended")]
    internal static partial void DrainTimedOut(ILogger logger, string method, string peer, TimeSpan timeout);

    [LoggerMessage(9, LogLevel.Error, "Cancelling a batch of {Method} failed in a callback of its token")]
    internal static partial void CancelFailed(ILogger logger, string method, Exception exception);
}
