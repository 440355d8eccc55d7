namespace Microservices.EventLog;

/// <summary>
/// The script that counts against a rate limit: GCRA, the generic cell rate algorithm (ITU-T I.371), whose only state is the theoretical arrival time, at which
/// everything that was counted would be paid off at the limit's rate. It keeps to what Redis 7 (Lua 5.1) and Garnet (Lua 5.4) both have. Time is the
/// server's own, and what goes in and out are times that pass, so that it does not matter what clocks its callers have.
/// </summary>
internal static class RateScripts
{
    /// <summary>
    /// KEYS: the arrival time (microseconds), which expires when it has passed. ARGV: what is to be counted, and how far in the future the arrival time may be, in
    /// microseconds: a clock that is set back must not stop anybody for long. It is counted whatever is there already, since it was let through. Returns how far in the future the
    /// arrival time is now, in microseconds.
    /// </summary>
    public const string Charge = """
        local function text(n) return string.format('%.0f', n) end
        local t = redis.call('TIME')
        local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
        local tat = tonumber(redis.call('GET', KEYS[1]) or '0')
        if tat < now then tat = now end
        tat = math.min(tat + tonumber(ARGV[1]), now + tonumber(ARGV[2]))
        redis.call('SET', KEYS[1], text(tat), 'PX', text(math.floor((tat - now) / 1000) + 1))
        return text(tat - now)
        """;
}
