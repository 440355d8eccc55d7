using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;
using Microservices.Persistence;

namespace Microservices.Jobs;

/// <summary>
/// The steps of one run of a flow's code: gives those that are over, and does what is next, until there is nothing to do or others are to have their turn. A step is null where the code ends for now.
/// </summary>
internal sealed partial class FlowTurn(Flow flow, IEnumerable<FlowStep> known, FlowState ending, DueWork work, FlowSteps store, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromHours(1);
    private static readonly TimeSpan RoomRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<StepPlace, FlowStep> steps = known.ToDictionary(s => new StepPlace(s.Name, s.Occurrence));
    private readonly Dictionary<string, int> counts = [];
    private readonly HashSet<StepPlace> reached = [];
    private readonly long started = time.GetTimestamp();
    private bool hasChanged;

    public Flow Flow => flow;

    public DueWork Work => work;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Why what the code has asked for last is in nobody's database; null where nothing is wrong.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>What is to be done when the flow fails, in the order in which its code has said so.</summary>
    public List<(string Scope, string Name, Func<StepAttempt, Task> Work, StepTerms Terms)> Undo { get; } = [];

    /// <summary>What the flow ends as, once what it has done is undone.</summary>
    public FlowState Ending => ending;

    /// <summary>The flow does not go on: its code runs only to say what is to be undone.</summary>
    public bool IsStopping => ending != FlowState.Unspecified;

    /// <summary>What was to be undone is being undone.</summary>
    public bool IsUndoing { get; set; }

    /// <summary>There is more to do, and others are to have their turn before.</summary>
    public bool HasMore { get; private set; }

    /// <summary>There are steps that its code has not asked for in this run.</summary>
    public bool HasBeenFurther => steps.Keys.Any(place => !reached.Contains(place));

    /// <summary>All steps that are kept.</summary>
    public IEnumerable<FlowStep> Steps => steps.Values;

    /// <summary>What it waits for, of what its code has asked for.</summary>
    public IReadOnlyList<FlowStep> Waiting =>
        [.. reached.Where(steps.ContainsKey).Select(place => steps[place]).Where(step => step.State == FlowStepState.Waiting).OrderBy(step => step.Number)];

    // By the database's clock.
    private long NowMs => work.TakenAtMs + (long)time.GetElapsedTime(started).TotalMilliseconds;

    /// <summary>Somebody has made the flow end as this.</summary>
    public void Saw(FlowState now) => HasMore |= now != ending;

    /// <summary>Does something in this process.</summary>
    /// <exception cref="StepFailedException">It has failed for good.</exception>
    public async Task<FlowStep?> DoAsync(string name, FlowStepKind kind, Func<StepAttempt, Task<byte[]>> work, StepTerms terms)
    {
        var (place, step) = Reach(name);
        if (!IsNext(step) || step?.DueMs > NowMs)
            return Result(step);
        var cacheKey = terms.CacheBy is { } by ? KeyOf($"local/{flow.Kind}/{name[(name.LastIndexOf('.') + 1)..]}/", by.ToByteString()) : "";
        var attempt = new StepAttempt { Id = $"{flow.FlowId}/{place.Name}/{place.Occurrence}" };
        var cached = step is null ? await FaultlessAsync(store.FindCachedAsync(flow.OwnerId, cacheKey, cancellationToken)) : null;
        var (output, error) = cached is null ? await AttemptAsync(attempt, name, work, terms) : (cached, null);
        try
        {
            return await CommitAsync(error);
        }
        catch (Exception exception) when (attempt.Commit is not null && error is null && exception is not (DatabaseAwayException or OperationCanceledException or FlowFailedException))
        {
            LogStepFailed(exception, name, flow.Kind, flow.FlowId);
            Fault = null;
            return await CommitAsync(new("What it has come to could not be committed; the log of the service says why.", IsPermanent: false));
        }

        Task<FlowStep?> CommitAsync(StepError? error) => ChangeAsync(place, kind, cacheKey, async change =>
        {
            if (error is null && attempt.Commit is not null)
                await attempt.Commit(change.Context);
            change.Step.Cached = cached is not null;
            if (error is null)
                change.End(FlowStepState.Done, output: output);
            else if (++change.Step.Failures >= terms.MaxAttempts || error.IsPermanent)
                change.End(FlowStepState.Failed, error.Message);
            else
                change.Wait(RetryAfter(terms, change.Step.Failures), error.Message);
        });
    }

    /// <summary>Has a job done.</summary>
    /// <exception cref="FlowFailedException">It is no job, or has failed for good.</exception>
    public async Task<FlowStep?> EnqueueAsync(string name, EnqueueJobRequest request, bool isCached)
    {
        var (place, step) = Reach(name);
        if (!IsNext(step) || step?.JobId.Length > 0 || step?.DueMs > NowMs)
            return Result(step);
        // It is found again by no key of its own, since it commits with its step.
        (request.OwnerId, request.UniqueKey, request.IdempotencyKey) = (flow.OwnerId, "", "");
        var violations = new FieldViolations();
        var terms = violations.CheckJob(request, time.GetUtcNow());
        if (violations.Any)
            throw new FlowFailedException($"The step '{name}' asks for no job: {violations.First().Field} {violations.First().Description}.");
        var cacheKey = isCached ? KeyOf($"job/{request.Kind}/", request.Input) : "";
        var cached = step is null ? await FaultlessAsync(store.FindCachedAsync(flow.OwnerId, cacheKey, cancellationToken)) : null;
        try
        {
            return await ChangeAsync(place, FlowStepKind.Job, cacheKey, async change =>
            {
                (change.Step.Cached, change.Step.DueMs) = (cached is not null, null);
                if (cached is not null)
                    change.End(FlowStepState.Done, output: cached);
                else
                    await store.EnqueueAsync(change, request, terms, cancellationToken);
            });
        }
        catch (StatusException)
        {
            Fault = null;
            return await ChangeAsync(place, FlowStepKind.Job, cacheKey, change =>
            {
                change.Wait(RoomRetry, "The owner has as many jobs as an owner may have.");
                return Task.CompletedTask;
            });
        }
    }

    /// <summary>Waits for a time, for a signal or for a person.</summary>
    public Task<FlowStep?> WaitAsync(string name, FlowStepKind kind, TimeSpan limit, string question)
    {
        var (place, step) = Reach(name);
        if (!IsNext(step) || step?.DueMs > NowMs)
            return Task.FromResult(Result(step));
        return ChangeAsync(place, kind, "", async change =>
        {
            if (change.Step.DueMs is null)
                change.Wait(limit, question);
            if (kind == FlowStepKind.Signal && await change.Context.TakeSignalAsync(change.Flow, name, cancellationToken) is { } payload)
                change.End(FlowStepState.Done, output: payload);
            else if (change.Step.DueMs <= change.NowMs)
                change.End(kind == FlowStepKind.Sleep ? FlowStepState.Done : FlowStepState.TimedOut, change.Step.Detail);
        });
    }

    private static string KeyOf(string what, ByteString input) => Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(what), .. input.Span]));

    private static TimeSpan RetryAfter(StepTerms terms, int failures)
    {
        var delay = (terms.FirstRetry ?? FirstRetry) * Math.Pow(2, Math.Min(failures - 1, 20));
        return delay < MaxRetry ? delay : MaxRetry;
    }

    /// <summary>The step of that name that the code asks for now, if it is there.</summary>
    private (StepPlace Place, FlowStep? Step) Reach(string name)
    {
        if (name.Length > FlowStep.MaxName)
            throw new FlowFailedException($"The name of a step has more than {FlowStep.MaxName} characters.");
        var place = new StepPlace(name, counts.GetValueOrDefault(name));
        counts[name] = place.Occurrence + 1;
        reached.Add(place);
        return (place, steps.GetValueOrDefault(place));
    }

    /// <summary>Whether something may be done about a step now.</summary>
    private bool IsNext(FlowStep? step)
    {
        if (step is { State: not FlowStepState.Waiting } || (IsStopping && !IsUndoing))
            return false;
        // At least one thing a turn, or it would never end.
        HasMore |= hasChanged && time.GetElapsedTime(started) >= Length;
        return !HasMore;
    }

    /// <summary>The step, if its result is there; null where the code is to end for now.</summary>
    private static FlowStep? Result(FlowStep? step) => step?.State switch
    {
        FlowStepState.Done or FlowStepState.TimedOut => step,
        FlowStepState.Failed => throw new StepFailedException(step.Name, step.Detail),
        _ => null,
    };

    private async Task<FlowStep?> ChangeAsync(StepPlace place, FlowStepKind kind, string cacheKey, Func<StepChange, Task> change)
    {
        steps[place] = await FaultlessAsync(store.CommitAsync(this, place, kind, cacheKey, change));
        hasChanged = true;
        return Result(steps[place]);
    }

    /// <summary>What fails here is no fault of the flow's code, whatever that makes of the exception.</summary>
    private async Task<T> FaultlessAsync<T>(Task<T> task)
    {
        try
        {
            return await task;
        }
        catch (Exception exception) when (exception is not FlowFailedException)
        {
            Fault = exception;
            throw;
        }
    }

    private async Task<(byte[] Output, StepError? Error)> AttemptAsync(StepAttempt attempt, string name, Func<StepAttempt, Task<byte[]>> work, StepTerms terms)
    {
        var limit = terms.Timeout ?? DefaultTimeout;
        using var timeout = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            attempt.CancellationToken = stop.Token;
            return (await work(attempt).WaitAsync(stop.Token), null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (exception is OperationCanceledException && timeout.IsCancellationRequested)
                return ([], new(string.Create(CultureInfo.InvariantCulture, $"It took longer than {limit.TotalSeconds:0.###} s."), IsPermanent: false));
            if (exception is FlowFailedException failed)
                return ([], new(failed.Message, IsPermanent: true));
            LogStepFailed(exception, name, flow.Kind, flow.FlowId);
            return ([], new("It has failed; the log of the service says why.", IsPermanent: false));
        }
    }

    private sealed record StepError(string Message, bool IsPermanent);

    [LoggerMessage(LogLevel.Warning, "The step {Step} of the {Kind} {FlowId} has failed in this attempt")]
    private partial void LogStepFailed(Exception exception, string step, string kind, string flowId);
}
