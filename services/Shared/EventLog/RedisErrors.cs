using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>Which exceptions mean that Redis, not the caller, is at fault.</summary>
internal static class RedisErrors
{
    // RedisTimeoutException derives from TimeoutException, the others from RedisException. A multiplexer being disposed says so.
    public static bool IsUnavailable(Exception e) => e is RedisException or TimeoutException or ObjectDisposedException or EventLogUnavailableException;
}
