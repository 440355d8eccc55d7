using System.Data.Common;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// One followed topic of this process: its one Redis subscription, and the one loop that repairs what pub/sub lost, however many
/// subscribers wait for it. Reads that several readers ask for from the same place are one read. All its tasks end with it.
/// </summary>
internal sealed partial class TopicFeed(
    string topic, EventLogOptions options, SemaphoreSlim subscribing, RedisConnection redis, PageReader pages, EventLogMetrics metrics, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource closing = new();
    private readonly SingleWaiterAutoResetEvent work = new();
    private readonly Dictionary<Position, Task<FetchedPage>> fetches = [];
    private ChannelMessageQueue? queue;
    private CancellationToken closed;
    private Task running = Task.CompletedTask;
    private int beyondLog;
    private volatile bool resubscribe;

    public string Topic => topic;

    /// <summary>The key of where the topic ends.</summary>
    public RedisKey HeadKey { get; } = redis.Keys(topic)[0];

    public TopicState State { get; } = new(options);

    /// <summary>What Redis lost of it is lost.</summary>
    public bool IsWithoutHistory => !pages.HasHistory(topic);

    /// <summary>Ended: its readers end too.</summary>
    public bool IsClosed => closing.IsCancellationRequested;

    public void Start()
    {
        closed = closing.Token;
        running = RunAsync(closed);
    }

    /// <summary>Has the loop compare with the log (and with the history behind it), once more if it is at it.</summary>
    public void RequestRepair(bool withHistory = false)
    {
        if (withHistory)
            Volatile.Write(ref beyondLog, 1);
        work.Set();
    }

    /// <summary>Has the loop subscribe anew, then repair.</summary>
    public void RequestResubscribe()
    {
        resubscribe = true;
        work.Set();
    }

    /// <summary>The page after a place, tried until Redis and the history answer; one read for all that ask for the same place at a time.</summary>
    public Task<FetchedPage> FetchAsync(Position after)
    {
        lock (fetches)
        {
            if (!fetches.TryGetValue(after, out var fetch))
            {
                fetch = FetchOnceAsync(after, closed);
                fetches.Add(after, fetch);
            }

            return fetch;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        work.Set();
        await EndAsync(running);
        Task<FetchedPage>[] open;
        lock (fetches)
            open = [.. fetches.Values];
        foreach (var fetch in open)
            await EndAsync(fetch);
        await UnsubscribeAsync();
        State.Wake();
        closing.Dispose();
    }

    private static async Task EndAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // How it ends.
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await PersistAsync(SubscribeAsync, cancellationToken);
        State.Initialize(await PersistAsync(token => pages.ReadHeadAsync(topic, token), cancellationToken));
        for (var first = true; ; first = false)
        {
            // The first read takes in what was published between subscribing and reading the head.
            await RepairAsync(first, cancellationToken);
            await work.WaitAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (!resubscribe)
                continue;
            resubscribe = false;
            await UnsubscribeAsync();
            await PersistAsync(SubscribeAsync, cancellationToken);
        }
    }

    private async Task RepairAsync(bool first, CancellationToken cancellationToken)
    {
        for (var done = false; !done;)
        {
            // Taken in one step: what is asked for from here on is for the next read.
            var withHistory = Interlocked.Exchange(ref beyondLog, 0) == 1 && pages.HasHistory(topic);
            var from = State.BeginRead();
            var page = await PersistAsync(token => pages.ReadAsync(topic, from, withHistory, token), cancellationToken);
            (var added, done) = State.Absorb(page);
            if (withHistory && !done)
                Volatile.Write(ref beyondLog, 1);
            if (!first)
                metrics.Repaired(added);
            if (page.Status != ReadStatus.Ok)
                LogRebased(topic, page.Status, from.Offset, page.LastOffset);
        }
    }

    private async Task<FetchedPage> FetchOnceAsync(Position after, CancellationToken cancellationToken)
    {
        // Not within the caller's lock, and removed only after it was added.
        await Task.Yield();
        try
        {
            var generation = State.Generation;
            var page = await PersistAsync(token => pages.ReadAsync(topic, after, beyondLog: false, token), cancellationToken);
            if (page.Status == ReadStatus.Ok)
                State.Reached(page.End, generation);
            if (page.Status != ReadStatus.Ok || page.Events.Count > 0 || State.StandingOf(page.End, generation) != Standing.Behind)
                return new(page, generation);

            // The log ends where it was asked for, but the topic stands elsewhere: Redis lost writes, and nobody noticed yet.
            RequestRepair(withHistory: true);
            page = await PersistAsync(token => pages.ReadAsync(topic, after, beyondLog: true, token), cancellationToken);
            if (page.Status == ReadStatus.Ok && page.Events.Count == 0)
                await Task.Delay(options.RetryDelay, time, cancellationToken);
            return new(page, generation);
        }
        finally
        {
            lock (fetches)
                fetches.Remove(after);
        }
    }

    private async Task<bool> SubscribeAsync(CancellationToken cancellationToken)
    {
        await subscribing.WaitAsync(cancellationToken);
        try
        {
            var subscriber = await redis.SubscriberAsync(cancellationToken);
            var channel = redis.Channel(topic);
            try
            {
                queue = await subscriber.SubscribeAsync(channel);
            }
            catch (Exception e) when (RedisErrors.IsUnavailable(e))
            {
                // The client keeps a queue of its own for what failed, and would fill it once it is connected.
                await subscriber.UnsubscribeAsync(channel, flags: CommandFlags.FireAndForget);
                throw;
            }

            queue.OnMessage(OnMessage);
            return true;
        }
        finally
        {
            subscribing.Release();
        }
    }

    private async Task UnsubscribeAsync()
    {
        if (queue is null)
            return;
        await subscribing.WaitAsync(CancellationToken.None);
        try
        {
            await queue.UnsubscribeAsync();
        }
        catch (Exception e) when (RedisErrors.IsUnavailable(e))
        {
            // Without a connection there is no subscription on the server either.
            LogNotUnsubscribed(e, topic);
        }
        finally
        {
            queue = null;
            subscribing.Release();
        }
    }

    private void OnMessage(ChannelMessage message)
    {
        var epoch = State.Newest?.Epoch ?? "";
        if (!Envelope.TryParse(topic, epoch, (ReadOnlyMemory<byte>)message.Message, out var e))
            LogNotAnEvent(topic);
        else if (State.Offer(e))
            RequestRepair();
    }

    /// <summary>Tries until it succeeds or the topic is closed. A history's failure is as good a reason to wait as Redis's.</summary>
    private async Task<T> PersistAsync<T>(Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await redis.WaitConnectedAsync(cancellationToken);
                return await attempt(cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // Of its database a history's owner speaks itself, once for all topics.
                if (e is DbException { IsTransient: true })
                    LogHistoryAway(topic, options.RetryDelay, e.Message);
                else
                    LogRetry(e, topic, options.RetryDelay);
                await Task.Delay(options.RetryDelay, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Topic {Topic}: not read or subscribed, trying again in {Delay}")]
    private partial void LogRetry(Exception e, string topic, TimeSpan delay);

    [LoggerMessage(4, LogLevel.Debug, "Topic {Topic}: its history is away, trying again in {Delay}: {Cause}")]
    private partial void LogHistoryAway(string topic, TimeSpan delay, string cause);

    [LoggerMessage(2, LogLevel.Warning, "Topic {Topic}: a publication that is not an event; does something else publish to its channel?")]
    private partial void LogNotAnEvent(string topic);

    [LoggerMessage(3, LogLevel.Warning, "Topic {Topic}: {Status} after offset {Offset}; the log ends at {Last}, readers are reset")]
    private partial void LogRebased(string topic, ReadStatus status, long offset, long last);

    [LoggerMessage(4, LogLevel.Debug, "Topic {Topic}: not unsubscribed")]
    private partial void LogNotUnsubscribed(Exception e, string topic);
}

/// <summary>A page, and the generation of the topic that it was read in.</summary>
internal sealed record FetchedPage(LogPage Page, int Generation);
