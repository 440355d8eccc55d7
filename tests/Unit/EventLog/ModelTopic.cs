using Microservices.EventLog;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.EventLog;

/// <summary>
/// A followed topic over a Redis that is a model: all that may happen to it happens when a test says so. Its reads and its channel take their
/// time, which a test gives them; nothing runs by itself, so the same steps make the same run.
/// </summary>
internal sealed class ModelTopic : FollowedTopic, ILogReader, IDisposable
{
    public static readonly EventLogOptions Options = new() { RecentEvents = 4, RecentBytes = 1_024, BatchEvents = 3, LatestKeys = 2 };

    private readonly Queue<LogEvent> channel = [];
    private readonly List<PendingRead> reads = [];
    private readonly FakeTimeProvider time = new();
    private readonly HistoryReader history;
    private readonly PageReader pages;
    private readonly TopicCatchUp catchUp;
    private readonly PageFetches fetches;
    private (KnownEnd Asked, Position Head)? sweep;
    private Task catchingUp = Task.CompletedTask;
    private bool mayBeMissing = true;

    /// <param name="isDurable">Whether a history has every event for good.</param>
    public ModelTopic(bool isDurable)
        : base("model", Options, isDurable)
    {
        Redis = new(Name, isDurable);
        history = new(isDurable ? [new HistoryRoute(Name, Redis)] : [], Microsoft.Extensions.Options.Options.Create(Options));
        pages = new(this, history, Microsoft.Extensions.Options.Options.Create(Options));
        catchUp = new(Name, State, ReadAsync, NullLogger.Instance);
        fetches = new(State, ReadAsync, () => RequestCatchUp(withHistory: true), Options.RetryDelay, time);
    }

    public ModelLog Redis { get; }

    public override bool IsClosed => false;

    public override Task<FetchedPage> FetchAsync(Position after) => fetches.FetchAsync(after, default);

    /// <summary>What Redis publishes is on its way.</summary>
    public void Append(int key) => channel.Enqueue(Redis.Append(key));

    /// <summary>The next publication is lost on its way; false when there is none.</summary>
    public bool Lose() => channel.TryDequeue(out _);

    /// <summary>The next publication arrives.</summary>
    public bool Deliver()
    {
        if (!channel.TryDequeue(out var e))
            return false;
        if (State.Offer(e))
            RequestCatchUp();
        return true;
    }

    /// <summary>Takes the topic one step on its way from subscribing to being live, as its feed does.</summary>
    public bool CatchUp()
    {
        if (State.Newest is null)
            State.Initialize(pages.ReadHeadAsync(Name, default).GetAwaiter().GetResult());
        if (!mayBeMissing || !catchingUp.IsCompleted)
            return false;
        mayBeMissing = false;
        catchingUp = catchUp.RunAsync(default);
        return true;
    }

    /// <summary>One of the reads under way gets on: Redis answers it, or the answer arrives.</summary>
    public bool Read(int which)
    {
        if (reads.Count == 0)
            return false;
        var read = reads[which % reads.Count];
        if (read.Page is null)
        {
            read.Page = pages.ReadAsync(Name, read.After, read.BeyondLog, default).GetAwaiter().GetResult();
            return true;
        }

        reads.Remove(read);
        read.Arrived.SetResult(read.Page);
        return true;
    }

    /// <summary>The sweep asks Redis where the topic ends, or compares what it was told. True when they differ.</summary>
    public bool Sweep()
    {
        if (sweep is not { } begun)
        {
            if (State.KnownEnd is { } known)
                sweep = (known, Redis.Head);
            return false;
        }

        sweep = null;
        var generation = State.Generation;
        var check = State.Compare(begun.Head, begun.Asked);
        if (check != HeadCheck.Same)
            RequestCatchUp(withHistory: check != HeadCheck.Missing);
        return check != HeadCheck.Same || State.Generation != generation;
    }

    /// <summary>The connection to Redis came back, which may have lost writes: the history is asked.</summary>
    public void Reconnect() => RequestCatchUp(withHistory: true);

    /// <summary>The time that is waited between two attempts has passed.</summary>
    public void Wait() => time.Advance(Options.RetryDelay);

    Task<LogPage> ILogReader.ReadAsync(string topic, Position after, int maxEvents, long maxBytes, CancellationToken cancellationToken) =>
        Task.FromResult(Redis.Read(after, maxEvents));

    Task<HeadReply[]> ILogReader.ReadHeadsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        Task.FromResult<HeadReply[]>([new(Redis.Head, null)]);

    public void Dispose() => history.Dispose();

    private void RequestCatchUp(bool withHistory = false)
    {
        if (withHistory)
            catchUp.IncludeHistory();
        mayBeMissing = true;
    }

    private Task<LogPage> ReadAsync(Position after, bool beyondLog, CancellationToken cancellationToken)
    {
        var read = new PendingRead(after, beyondLog);
        reads.Add(read);
        return read.Arrived.Task;
    }

    private sealed class PendingRead(Position after, bool beyondLog)
    {
        public Position After => after;

        public bool BeyondLog => beyondLog;

        public LogPage? Page { get; set; }

        public TaskCompletionSource<LogPage> Arrived { get; } = new();
    }
}
