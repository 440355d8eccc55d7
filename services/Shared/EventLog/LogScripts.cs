namespace Microservices.EventLog;

/// <summary>
/// The scripts that make append and read atomic. They keep to what Redis 7 (Lua 5.1) and Garnet (Lua 5.4) both have; numbers go out
/// through string.format since 5.1 would write large ones with an exponent and 5.4 whole floats with a fraction. Time comes from the caller.
/// A topic has two keys: a hash (e: epoch, o: last offset, i: id of the last event, b: bytes in the list) that outlives the list of its
/// newest events. The list has no gaps, so an offset is an index.
/// </summary>
internal static class LogScripts
{
    /// <summary>
    /// KEYS: hash, list. ARGV: publish command, channel, maximum count, oldest time to keep (ms), life of the list (ms), life of the
    /// hash (ms), the durable epoch or '', the epoch to begin with; then for each event: offset (0: the next), id, envelope's tail.
    /// Returns: one letter per event (A appended, D duplicate, G gap, C conflict), epoch, last offset, events and bytes that the list
    /// holds, and what Redis said when it is out of memory ('': it is not).
    /// <para>Redis without memory refuses a script's first write if that takes memory, and none once it has deleted something
    /// (redis.io, "Eval and maxmemory"). So the list is let go then, while the hash and the publications go on.</para>
    /// </summary>
    public const string Append = """
        local function text(n) return string.format('%.0f', n) end
        local m = redis.call('HMGET', KEYS[1], 'e', 'o', 'i', 'b')
        local epoch, last, id, bytes = m[1], m[2], m[3], tonumber(m[4] or '0')
        if not epoch or (ARGV[7] ~= '' and epoch ~= ARGV[7]) then
          redis.call('DEL', KEYS[1], KEYS[2])
          epoch, last, id, bytes = ARGV[8], false, '0', 0
        end
        local empty = not last
        last = empty and 0 or tonumber(last)
        local codes, appended, count, refused = '', 0, 0, ''
        for i = 9, #ARGV, 3 do
          local offset, code = tonumber(ARGV[i]), 'A'
          if offset == 0 then
            offset = last + 1
          elseif not empty and offset <= last then
            code = 'D'
            local held = redis.call('LINDEX', KEYS[2], text(offset - last - 1))
            if held and string.match(held, '^%S+ %S+ (%S+)') ~= ARGV[i + 1] then code = 'C' end
          elseif not empty and offset > last + 1 then
            code = 'G'
          end
          if code == 'A' then
            local entry = epoch .. ' ' .. text(offset) .. ' ' .. ARGV[i + 1] .. ' ' .. id .. ' ' .. ARGV[i + 2]
            if refused == '' then
              local length = redis.pcall('RPUSH', KEYS[2], entry)
              if type(length) == 'table' then
                refused, count, bytes = length.err, 0, 0
                redis.call('DEL', KEYS[2])
              else
                if length == 1 then bytes = 0 end
                count, bytes = length, bytes + #entry
              end
            end
            last, id, empty, appended = offset, ARGV[i + 1], false, appended + 1
            redis.call(ARGV[1], ARGV[2], entry)
          end
          codes = codes .. code
        end
        if appended > 0 then
          local function drop()
            bytes, count = bytes - #redis.call('LPOP', KEYS[2]), count - 1
          end
          for _ = 1, count - tonumber(ARGV[3]) do drop() end
          for _ = 1, appended + 16 do
            local oldest = count > 0 and redis.call('LINDEX', KEYS[2], '0')
            local at = oldest and tonumber(string.match(oldest, '^%S+ %S+ %S+ %S+ (%d+)'))
            if not at or at >= tonumber(ARGV[4]) then break end
            drop()
          end
          redis.call('HSET', KEYS[1], 'e', epoch, 'o', text(last), 'i', id, 'b', text(bytes))
          redis.call('PEXPIRE', KEYS[1], ARGV[6])
          redis.call('PEXPIRE', KEYS[2], ARGV[5])
        else
          count = redis.call('LLEN', KEYS[2])
        end
        return { codes, epoch, text(last), text(count), text(bytes), refused }
        """;

    /// <summary>
    /// KEYS: hash, list. ARGV: epoch, an offset, 1 to let go of the whole topic if it ends there, else 0. Lets go of the events up to the
    /// offset. Nothing when the epoch is another one.
    /// </summary>
    public const string Trim = """
        local m = redis.call('HMGET', KEYS[1], 'e', 'o', 'b')
        if m[1] ~= ARGV[1] then return 0 end
        local last, upto, bytes, dropped = tonumber(m[2]), tonumber(ARGV[2]), tonumber(m[3] or '0'), 0
        if ARGV[3] == '1' then
          if last == upto then redis.call('DEL', KEYS[1], KEYS[2]) end
          return 0
        end
        for _ = last - redis.call('LLEN', KEYS[2]) + 1, upto do
          local oldest = redis.call('LPOP', KEYS[2])
          if not oldest then break end
          bytes, dropped = bytes - #oldest, dropped + 1
        end
        if dropped > 0 then redis.call('HSET', KEYS[1], 'b', string.format('%.0f', bytes)) end
        return dropped
        """;

    /// <summary>
    /// KEYS: hashes of any number of topics. ARGV: for each where it was known to end, as <see cref="Position.ToText"/> writes it.
    /// Returns, for those that end elsewhere, four words each: which one (from 1), epoch, last offset ('' without a log), last id.
    /// </summary>
    public const string ChangedHeads = """
        local changed = {}
        for n = 1, #KEYS do
          local m = redis.call('HMGET', KEYS[n], 'e', 'o', 'i')
          local text = m[2] and (m[1] .. ' ' .. m[2] .. ' ' .. m[3]) or ''
          if text ~= ARGV[n] then
            changed[#changed + 1] = string.format('%.0f', n)
            changed[#changed + 1] = m[1] or ''
            changed[#changed + 1] = m[2] or ''
            changed[#changed + 1] = m[3] or ''
          end
        end
        return changed
        """;

    /// <summary>KEYS: hash, list. Returns nothing without a log; else epoch, last offset, and how many events and bytes the list holds.</summary>
    public const string Extent = """
        local m = redis.call('HMGET', KEYS[1], 'e', 'o', 'b')
        if not m[2] then return {} end
        local count = redis.call('LLEN', KEYS[2])
        return { m[1], m[2], string.format('%.0f', count), count > 0 and m[3] or '0' }
        """;

    /// <summary>
    /// KEYS: hash, list. ARGV: offset to read after (-1: before the oldest held), maximum count, maximum bytes.
    /// Returns nothing without a log; else epoch, last offset, last id, oldest offset held, then envelopes: that at the offset itself
    /// (to compare its id) where it is held, and at least one after it where there is one.
    /// </summary>
    public const string Read = """
        local function text(n) return string.format('%.0f', n) end
        local m = redis.call('HMGET', KEYS[1], 'e', 'o', 'i')
        if not m[2] then return {} end
        local last, after = tonumber(m[2]), tonumber(ARGV[1])
        local first = last - redis.call('LLEN', KEYS[2]) + 1
        local reply = { m[1], m[2], m[3], text(first) }
        if after < 0 then after = first - 1 end
        if after < first - 1 or after >= last then return reply end
        local from = after - first
        local seen = 5
        if from < 0 then from, seen = 0, 4 end
        local events = redis.call('LRANGE', KEYS[2], text(from), text(after - first + tonumber(ARGV[2])))
        local bytes = 0
        for _, e in ipairs(events) do
          bytes = bytes + #e
          if #reply > seen and bytes > tonumber(ARGV[3]) then break end
          reply[#reply + 1] = e
        end
        return reply
        """;
}
