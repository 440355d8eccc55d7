using System.Data.Common;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microservices.EventLog;

/// <summary>
/// One followed topic of this process, as one loop of two phases: it catches up, by reading what its channel did not deliver, and it is
/// live, until something is missing or may be. Reads that several readers ask for from the same place are one read. All its tasks end with it.
/// </summary>
internal sealed partial class TopicFeed : FollowedTopic, IAsyncDisposable
{
    private readonly EventLogOptions options;
    private readonly RedisConnection redis;
    private readonly PageReader pages;
    private readonly EventLogMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly TopicChannel channel;
    private readonly TopicCatchUp catchUp;
    private readonly PageFetches fetches;
    private readonly CancellationTokenSource closing = new();
    private readonly SingleWaiterAutoResetEvent mayBeMissing = new();
    private CancellationToken closed;
    private Task running = Task.CompletedTask;
    private volatile bool resubscribe;

    public TopicFeed(
        string topic, EventLogOptions options, SemaphoreSlim subscribing, RedisConnection redis, PageReader pages, EventLogMetrics metrics, TimeProvider time, ILogger logger)
        : base(topic, options, pages.HasHistory(topic))
    {
        (this.options, this.redis, this.pages, this.metrics, this.time, this.logger) = (options, redis, pages, metrics, time, logger);
        HeadKey = redis.Keys(topic)[0];
        channel = new(topic, subscribing, redis, Receive, logger);
        catchUp = new(topic, State, ReadAsync, logger);
        fetches = new(State, ReadAsync, () => RequestCatchUp(withHistory: true), options.RetryDelay, time);
    }

    /// <summary>The key of where the topic ends.</summary>
    public RedisKey HeadKey { get; }

    /// <inheritdoc cref="TopicChannel.IsSubscribed"/>
    public bool IsSubscribed => channel.IsSubscribed;

    public override bool IsClosed => closing.IsCancellationRequested;

    public void Start()
    {
        closed = closing.Token;
        running = RunAsync(closed);
    }

    /// <summary>Has the topic catch up with the log (and with the history behind it), once more if it is at it.</summary>
    public void RequestCatchUp(bool withHistory = false)
    {
        if (withHistory)
            catchUp.IncludeHistory();
        mayBeMissing.Set();
    }

    /// <summary>Has the topic subscribe to its channel anew, then catch up.</summary>
    public void RequestResubscribe()
    {
        resubscribe = true;
        mayBeMissing.Set();
    }

    public override Task<FetchedPage> FetchAsync(Position after) => fetches.FetchAsync(after, closed);

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        mayBeMissing.Set();
        await EndAsync(running);
        foreach (var fetch in fetches.Open)
            await EndAsync(fetch);
        await channel.UnsubscribeAsync();
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
        await SubscribeAsync(cancellationToken);
        State.Initialize(await PersistAsync(token => pages.ReadHeadAsync(Name, token), cancellationToken));
        // Takes in what was published between subscribing and reading the head: nothing that was lost.
        await catchUp.RunAsync(cancellationToken);
        while (true)
        {
            await StayLiveAsync(cancellationToken);
            metrics.Repaired(await catchUp.RunAsync(cancellationToken));
        }
    }

    /// <summary>Returns when something that was published is missing, or may be.</summary>
    private async Task StayLiveAsync(CancellationToken cancellationToken)
    {
        await mayBeMissing.WaitAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (!resubscribe)
            return;
        resubscribe = false;
        await channel.UnsubscribeAsync();
        await SubscribeAsync(cancellationToken);
    }

    private void Receive(ChannelMessage message)
    {
        var epoch = State.Newest?.Epoch ?? "";
        if (!Envelope.TryParse(Name, epoch, (ReadOnlyMemory<byte>)message.Message, out var e))
            LogNotAnEvent(Name);
        else if (State.Offer(e))
            RequestCatchUp();
    }

    private Task<LogPage> ReadAsync(Position after, bool beyondLog, CancellationToken cancellationToken) =>
        PersistAsync(token => pages.ReadAsync(Name, after, beyondLog, token), cancellationToken);

    private Task<bool> SubscribeAsync(CancellationToken cancellationToken) => PersistAsync(
        async token =>
        {
            await channel.SubscribeAsync(token);
            return true;
        },
        cancellationToken);

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
                // Who owns a connection logs its outages itself, once for all topics; and the stack of one shows nothing.
                var isHistoryAway = e is DbException { IsTransient: true };
                var isRedisAway = RedisErrors.IsUnavailable(e);
                var level = isHistoryAway || (isRedisAway && !redis.IsConnected) ? LogLevel.Debug : LogLevel.Warning;
                var cause = RedisErrors.CauseOf(e);
                LogRetry(level, isHistoryAway || isRedisAway ? null : e, Name, options.RetryDelay, cause);
                await Task.Delay(options.RetryDelay, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(EventId = 1, Message = "Topic {Topic} could not be read or subscribed to, and is tried again in {Delay}: {Cause}")]
    private partial void LogRetry(LogLevel level, Exception? e, string topic, TimeSpan delay, string cause);

    [LoggerMessage(2, LogLevel.Warning, "Topic {Topic}: a publication is not an event; does something else publish to its channel?")]
    private partial void LogNotAnEvent(string topic);
}
