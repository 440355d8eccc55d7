using System.Collections.Concurrent;
using Grpc.Core;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>What a replica does with its calls, and what it has seen.</summary>
public sealed class Backend
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private int _frames;
    private int _arrived;
    private int _streams;

    public Func<CallBatch<LookupUsersCall, LookupUsersResult>, CancellationToken, ValueTask>? Handle { get; set; }

    public CancellationToken Drain { get; set; }

    public int Calls => Volatile.Read(ref _calls);

    public int Frames => Volatile.Read(ref _frames);

    /// <summary>How many calls the frames had.</summary>
    public int Arrived => Volatile.Read(ref _arrived);

    public int Streams => Volatile.Read(ref _streams);

    public ConcurrentBag<int> Batches { get; } = [];

    public ConcurrentBag<StatusCode> StreamEnds { get; } = [];

    /// <summary>Completes when the test lets handlers go on that wait for it.</summary>
    public Task Gate => _gate.Task;

    /// <summary>Answers nothing until <see cref="Release"/>, and then each call as ever.</summary>
    /// <returns>How many calls it holds.</returns>
    public Func<int> HoldAnswers()
    {
        var held = 0;
        Handle = async (batch, _) =>
        {
            Interlocked.Add(ref held, batch.Count);
            await Gate;
            batch.AnswerEach(AnswerTo);
        };
        return () => Volatile.Read(ref held);
    }

    /// <summary>Answers nothing any more; completes when a handler was cancelled.</summary>
    public Task HangUntilCancelledAsync()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Handle = async (_, token) =>
        {
            await using var registration = token.Register(() => cancelled.TrySetResult());
            await cancelled.Task;
        };
        return cancelled.Task;
    }

    public void Release() => _gate.TrySetResult();

    public void StreamOpened() => Interlocked.Increment(ref _streams);

    public void FrameArrived(int calls)
    {
        Interlocked.Increment(ref _frames);
        Interlocked.Add(ref _arrived, calls);
    }

    public static User UserOf(string id) => new() { UserId = id, DisplayName = "Name of " + id, Version = 1 };

    /// <summary>Answers by id: "missing" does not exist, "throws" makes the answer fail, everybody else is there.</summary>
    public static LookupUsersResult AnswerTo(LookupUsersCall call) => call.UserId switch
    {
        "missing" => new() { Error = new() { Code = (int)StatusCode.NotFound, Message = "No such user." } },
        "throws" => throw new InvalidOperationException("a secret"),
        _ => new() { User = UserOf(call.UserId) },
    };

    public ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _calls, batch.Count);
        Batches.Add(batch.Count);
        if (Handle is { } handle)
            return handle(batch, cancellationToken);
        batch.AnswerEach(AnswerTo);
        return ValueTask.CompletedTask;
    }
}
