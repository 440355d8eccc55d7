using Microsoft.Extensions.Options;

namespace Microservices.EventLog;

/// <summary>
/// Counts against rate limits that all replicas share, in Redis (<see cref="RateScripts"/>). A count takes some 100 bytes there, until what was counted is paid off.
/// Thread-safe.
/// </summary>
public sealed class SharedRates
{
    private readonly RedisConnection redis;
    private readonly EventLogOptions options;
    private readonly TimeProvider time;

    internal SharedRates(RedisConnection redis, IOptions<EventLogOptions> options, TimeProvider time) => (this.redis, this.options, this.time) = (redis, options.Value, time);

    /// <summary>Counts what was let through.</summary>
    /// <param name="key">Whose count, and of which limit.</param>
    /// <param name="cost">How long it takes to pay it off at the limit's rate.</param>
    /// <param name="most">The longest that paying off may take: what is beyond that is not counted.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <returns>How long it takes from now on to pay off all that was counted at any replica; null when Redis does not say; at once when it is not connected.</returns>
    public async Task<TimeSpan?> ChargeAsync(string key, TimeSpan cost, TimeSpan most, TimeSpan timeout)
    {
        if (!redis.IsConnected)
            return null;
        try
        {
            var database = await redis.DatabaseAsync(CancellationToken.None);
            var reply = await database
                .ScriptEvaluateAsync(RateScripts.Charge, [$"{options.KeyPrefix}:rate:{key}"], [(long)cost.TotalMicroseconds, (long)most.TotalMicroseconds])
                .WaitAsync(timeout, time);
            return TimeSpan.FromMicroseconds((long)reply);
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            return null;
        }
    }
}
