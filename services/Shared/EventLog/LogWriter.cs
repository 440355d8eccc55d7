using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// Appends events. Those of one topic go in one script call (in pieces of 128), the topics of a batch in one pipeline. The
/// <see cref="LogTrimmer"/> learns what Redis holds afterwards, and <see cref="LogRefusals"/> what Redis did not keep, and why.
/// </summary>
internal sealed partial class LogWriter(
    RedisConnection redis, LogTrimmer trimmer, LogRefusals refusals, IOptions<EventLogOptions> options, EventLogMetrics metrics, TimeProvider time, ILogger<LogWriter> logger)
{
    private const int MaxPerCall = 128;
    private readonly EventLogOptions options = options.Value;

    public async Task<AppendResult[]> AppendAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken)
    {
        var results = new AppendResult[events.Count];
        var byTopic = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < events.Count; i++)
        {
            if (Violation(events[i]) is { } violation)
            {
                results[i] = new AppendResult(AppendStatus.Refused, "", events[i].Offset, 0) { Violation = violation };
                continue;
            }

            ref var indexes = ref CollectionsMarshal.GetValueRefOrAddDefault(byTopic, events[i].Topic, out _);
            indexes ??= [];
            if (indexes.Count > 0 && events[indexes[0]].Epoch != events[i].Epoch)
                throw new ArgumentException($"The batch has events of different epochs, or transient and durable ones, for {events[i].Topic}.", nameof(events));
            indexes.Add(i);
        }

        using var span = RedisSpans.Start("append");
        try
        {
            var database = await redis.DatabaseAsync(cancellationToken);
            var publish = redis.IsCluster() ? "SPUBLISH" : "PUBLISH";
            // Each call is sent at once, without waiting for the one before: this is the pipeline.
            var calls = new List<Task>();
            foreach (var indexes in byTopic.Values)
            {
                for (var from = 0; from < indexes.Count; from += MaxPerCall)
                    calls.Add(AppendAsync(database, publish, events, indexes.GetRange(from, Math.Min(MaxPerCall, indexes.Count - from)), results));
            }

            await Task.WhenAll(calls).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            span.SetFailed(e);
            LogUnavailable(e, events.Count);
            foreach (var i in byTopic.Values.SelectMany(indexes => indexes))
                results[i] = Unavailable(events[i]);
        }

        return results;
    }

    private static AppendResult Unavailable(in NewEvent e) => new(AppendStatus.Unavailable, "", e.Offset, 0);

    private async Task AppendAsync(IDatabase database, string publish, IReadOnlyList<NewEvent> events, List<int> indexes, AppendResult[] results)
    {
        try
        {
            var reply = (RedisResult[])(await database.ScriptEvaluateAsync(
                LogScripts.Append, redis.Keys(events[indexes[0]].Topic), Arguments(publish, events, indexes)))!;
            Read(reply, events, indexes, results);
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            if (e is RedisServerException)
                refusals.Refused(e.Message);
            LogUnavailable(e, indexes.Count);
            foreach (var i in indexes)
                results[i] = Unavailable(events[i]);
        }
    }

    private RedisValue[] Arguments(string publish, IReadOnlyList<NewEvent> events, List<int> indexes)
    {
        var first = events[indexes[0]];
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var arguments = new RedisValue[8 + (indexes.Count * 3)];
        arguments[0] = publish;
        arguments[1] = (RedisValue)(byte[])redis.Channel(first.Topic)!;
        arguments[2] = first.Epoch.Length > 0 ? options.MaxEvents : options.MaxTransientEvents;
        arguments[3] = now - (long)options.MaxAge.TotalMilliseconds;
        arguments[4] = (long)options.MaxAge.TotalMilliseconds;
        arguments[5] = (long)options.IdleTopicRetention.TotalMilliseconds;
        arguments[6] = first.Epoch;
        arguments[7] = first.Epoch.Length > 0 ? first.Epoch : Epoch.New();
        for (var i = 0; i < indexes.Count; i++)
        {
            var e = events[indexes[i]];
            if (e.Offset == 0 && e.TraceContext.IsEmpty)
                e = e with { TraceContext = TraceContext.Current };
            var id = e.Offset > 0 ? Envelope.DurableId(e.Epoch, e.Offset, e.Key, e.Payload.Span) : Envelope.NewId();
            arguments[8 + (i * 3)] = e.Offset;
            arguments[9 + (i * 3)] = Envelope.Format(id);
            arguments[10 + (i * 3)] = Envelope.EncodeTail(e, now);
        }

        return arguments;
    }

    private void Read(RedisResult[] reply, IReadOnlyList<NewEvent> events, List<int> indexes, AppendResult[] results)
    {
        var codes = (string)reply[0]!;
        var epoch = (string)reply[1]!;
        var last = (long)reply[2];
        var appended = 0;
        for (var i = 0; i < indexes.Count; i++)
        {
            var status = codes[i] switch
            {
                'A' => AppendStatus.Appended,
                'D' => AppendStatus.Duplicate,
                'G' => AppendStatus.Gap,
                _ => AppendStatus.Conflict,
            };
            appended += status == AppendStatus.Appended ? 1 : 0;
            var given = events[indexes[i]].Offset;
            results[indexes[i]] = new AppendResult(status, epoch, given > 0 ? given : last - indexes.Count + 1 + i, last);
        }

        metrics.Appended(appended);
        // After a repeat, too: the append that it repeats may not have been answered.
        var first = events[indexes[0]];
        if (epoch.Length > 0)
            trimmer.Appended(first.Topic, first.Epoch.Length > 0, new LogSize(epoch, last, (long)reply[3], (long)reply[4]));
        if ((string)reply[5]! is { Length: > 0 } refusal)
        {
            metrics.Refused(appended);
            refusals.Refused(refusal);
            trimmer.OutOfMemory();
        }
    }

    private string? Violation(in NewEvent e) =>
        (e.Offset > 0 ? Epoch.Violation(e.Epoch) : null) ?? EventRules.Violation(e.Topic, e.Key, e.Payload.Length, options.MaxEventBytes);

    [LoggerMessage(1, LogLevel.Debug, "Redis did not answer the append of {Count} events")]
    private partial void LogUnavailable(Exception e, int count);
}
