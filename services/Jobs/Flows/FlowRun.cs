using Google.Protobuf;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>How a step is done.</summary>
/// <param name="MaxAttempts">After how many failures it has failed for good; 1 to 100.</param>
/// <param name="FirstRetry">How long after the first failure it is tried again; doubled each time, up to 1 h.</param>
/// <param name="Timeout">How long an attempt may take: 30 s unless set; what takes longer is a job.</param>
/// <param name="CacheBy">Where the owner has a result of a step of that name in this kind of flow that was done by an equal message, it is the result. None unless set.</param>
internal sealed record StepTerms(int MaxAttempts = 3, TimeSpan? FirstRetry = null, TimeSpan? Timeout = null, IMessage? CacheBy = null);

/// <summary>An attempt at a step.</summary>
internal sealed class StepAttempt
{
    /// <summary>The same for all attempts at this step and no other: an effect elsewhere carries it, so that the other side knows a repeat.</summary>
    public required string Id { get; init; }

    /// <summary>Fires when its time is up or the process stops.</summary>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>What else commits with the result of the step, in the same transaction; null for nothing. It may run several times, and has no other effect.</summary>
    public Func<JobsDbContext, Task>? Commit { get; set; }
}

/// <summary>
/// What the code of a flow asks for. Each step is known by its name and by how many of that name came before it; names are 1 to 64 lower-case letters, digits and '-'. A step that is not
/// over yet ends the run of the code by an exception that it lets pass; it runs again when there is more to do. Not thread-safe: a flow does one thing at a time, and waits for many.
/// </summary>
internal sealed class FlowRun(FlowTurn turn, string scope = "")
{
    /// <summary>How many parts a fan-out may have.</summary>
    public const int MaxItems = 1_000;

    /// <summary>How many parts of a fan-out may be under way at a time.</summary>
    public const int MaxWidth = 100;

    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(365);

    /// <summary>Its code has been told to end for now.</summary>
    public bool IsSuspended { get; private set; }

    /// <summary>Something small that is done in the service, in no transaction; its result is committed once. Above 64 KiB it fails.</summary>
    /// <exception cref="StepFailedException">It has failed for good.</exception>
    public async Task<T> StepAsync<T>(string name, Func<StepAttempt, Task<T>> work, StepTerms? terms = null)
        where T : class, IMessage<T>, new() =>
        Parse<T>(await DoAsync(() => turn.DoAsync(scope + Checked(name), FlowStepKind.Local, async attempt => (await work(attempt)).ToByteArray(), terms ?? new())));

    /// <summary>Has a job done, and waits for its output. The job belongs to the owner of the flow and is one of its jobs.</summary>
    /// <param name="name">The step.</param>
    /// <param name="kind">The kind of the job.</param>
    /// <param name="input">Its input.</param>
    /// <param name="isCached">Where the owner has the result of a step with the same kind and input, it is the result.</param>
    /// <param name="change">How else the job is to be done.</param>
    /// <exception cref="StepFailedException">The job has failed, was cancelled or has expired.</exception>
    public async Task<T> JobAsync<T>(string name, string kind, IMessage input, bool isCached = false, Action<EnqueueJobRequest>? change = null)
        where T : class, IMessage<T>, new()
    {
        var request = new EnqueueJobRequest { Kind = kind, Input = input.ToByteString() };
        change?.Invoke(request);
        return Parse<T>(await DoAsync(() => turn.EnqueueAsync(scope + Checked(name), request, isCached)));
    }

    /// <summary>Waits for a time, at most a year.</summary>
    public Task SleepAsync(string name, TimeSpan time) => DoAsync(() => turn.WaitAsync(scope + Checked(name), FlowStepKind.Sleep, Checked(time), ""));

    /// <summary>Waits for a signal, at most a year: what came with it, or null when none came in time. One that came before it was asked for counts, too.</summary>
    public async Task<byte[]?> SignalAsync(string name, TimeSpan limit)
    {
        var step = await DoAsync(() => turn.WaitAsync(scope + Checked(name), FlowStepKind.Signal, Checked(limit), ""));
        return step.State == FlowStepState.Done ? step.Output : null;
    }

    /// <summary>Asks a person who may see the flow: the answer, or null when none came in time, which is at most a year.</summary>
    public async Task<FlowDecision?> ApprovalAsync(string name, string question, TimeSpan limit)
    {
        var step = await DoAsync(() => turn.WaitAsync(scope + Checked(name), FlowStepKind.Approval, Checked(limit), question));
        return step.State == FlowStepState.Done ? FlowDecision.Parser.ParseFrom(step.Output) : null;
    }

    /// <summary>Which version of the code the flow has come here with: the newest or, where it has been here before this was asked, 0. The same each time.</summary>
    public async Task<int> VersionAsync(string name, int newest)
    {
        var terms = new StepTerms();
        var step = await DoAsync(() => turn.DoAsync(scope + Checked(name), FlowStepKind.Version, _ => Task.FromResult(BitConverter.GetBytes(turn.HasBeenFurther ? 0 : newest)), terms));
        return BitConverter.ToInt32(step.Output);
    }

    /// <summary>Does the same for each of up to 1,000 items; so many of these are under way at a time, 1 to 100: they wait at the same time, and their code runs one after the other.</summary>
    /// <returns>The results, in the order of the items.</returns>
    public async Task<IReadOnlyList<TResult>> MapAsync<TItem, TResult>(string name, IReadOnlyList<TItem> items, int width, Func<FlowRun, TItem, Task<TResult>> each)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(items.Count, MaxItems);
        ArgumentOutOfRangeException.ThrowIfNotEqual(width, Math.Clamp(width, 1, MaxWidth));
        Checked(name);
        var (results, waiting) = (new List<TResult>(items.Count), 0);
        for (var i = 0; i < items.Count && (waiting < width || turn.IsStopping); i++)
        {
            try
            {
                results.Add(await each(new FlowRun(turn, $"{scope}{name}[{i}]."), items[i]));
            }
            catch (Exception exception) when (exception is FlowSuspendedException || turn.IsStopping)
            {
                waiting++;
            }
        }

        return waiting == 0 ? results : throw Suspend();
    }

    /// <summary>What is to be done when the flow fails or is cancelled after this: a step of the name <c>undo.NAME</c>. The last that was asked for is the first that is done.</summary>
    public void Compensate(string name, Func<StepAttempt, Task> work, StepTerms? terms = null) => turn.Undo.Add((scope, Checked(name), work, terms ?? new()));

    private static T Parse<T>(FlowStep step)
        where T : class, IMessage<T>, new() =>
        new MessageParser<T>(() => new T()).ParseFrom(step.Output);

    // Code that does not let the exception pass gets it again.
    private async Task<FlowStep> DoAsync(Func<Task<FlowStep?>> ask)
    {
        if (IsSuspended)
            throw Suspend();
        return await ask() ?? throw Suspend();
    }

    private FlowSuspendedException Suspend()
    {
        IsSuspended = true;
        return new();
    }

    private static string Checked(string name) => FlowValidation.IsName(name) ? name : throw new ArgumentException($"'{name}' is no name of a step.", nameof(name));

    private static TimeSpan Checked(TimeSpan time) => time >= TimeSpan.Zero && time <= MaxWait ? time : throw new ArgumentOutOfRangeException(nameof(time), time, "It must be from 0 to a year.");
}

/// <summary>A step is not over yet: the code of the flow ends here for now.</summary>
internal sealed class FlowSuspendedException() : Exception("The flow waits.");
