using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>Which exceptions mean that Redis, not the caller, is at fault.</summary>
internal static class RedisErrors
{
    // RedisTimeoutException derives from TimeoutException, the others from RedisException. A multiplexer being disposed says so.
    public static bool IsUnavailable(Exception e) => e is RedisException or TimeoutException or ObjectDisposedException or EventLogUnavailableException;

    /// <summary>What is the matter, in a few words: the client's own messages have the state of all its queues.</summary>
    public static string CauseOf(Exception e) => e switch
    {
        RedisConnectionException { FailureType: not ConnectionFailureType.None } connection => $"{connection.FailureType}",
        RedisConnectionException => "no connection",
        TimeoutException => "no answer in time",
        _ => e.Message,
    };
}
