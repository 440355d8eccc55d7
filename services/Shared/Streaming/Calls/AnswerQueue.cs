using System.Diagnostics;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The answers of one stream that its writer has not taken yet, and what else its next frame says. Guarded by the lock of the
/// <see cref="CallStreamState{TCall, TResult}"/>, except for the events.
/// </summary>
/// <param name="gate">The stream's lock.</param>
/// <param name="credit">What the first frame announces.</param>
internal sealed class AnswerQueue<TResult>(Lock gate, int credit)
{
    private List<TResult> _answers = [];
    private List<(long Answers, TaskCompletionSource Written)>? _waitForWritten;
    private CallControl? _control = new() { Credit = (uint)credit };
    private long _made;
    private long _written;
    private bool _stopped;

    /// <summary>Wakes the writer.</summary>
    internal SingleWaiterAutoResetEvent Ready { get; } = new();

    /// <summary>Wakes the reader when it waits for the writer to catch up.</summary>
    internal SingleWaiterAutoResetEvent Taken { get; } = new();

    /// <summary>How many the writer has not taken.</summary>
    internal int Count
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _answers.Count;
        }
    }

    /// <summary>How many have been handed to the transport.</summary>
    internal long Written
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _written;
        }
    }

    /// <summary>Adds an answer. Whoever adds the last of several sets <see cref="Ready"/>.</summary>
    internal void Add(TResult answer)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _answers.Add(answer);
        _made++;
    }

    /// <summary>Says with the next frame that this end is leaving.</summary>
    internal void Announce(Draining draining)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        (_control ??= new CallControl()).Draining = draining;
        Ready.Set();
    }

    /// <summary>Swaps the answers for an empty list. False when there is nothing to write.</summary>
    internal bool Take(ref List<TResult> taken, out CallControl? control)
    {
        Debug.Assert(gate.IsHeldByCurrentThread && taken.Count == 0);
        (taken, _answers) = (_answers, taken);
        (control, _control) = (_control, null);
        if (taken.Count > 0)
            Taken.Set();
        return taken.Count > 0 || control is not null;
    }

    /// <summary>So many of the answers that were taken have been handed to the transport.</summary>
    internal void Wrote(int answers)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _written += answers;
        _waitForWritten?.RemoveAll(waiting => waiting.Answers <= _written && waiting.Written.TrySetResult());
    }

    /// <summary>Completes when every answer that was added by now has been handed to the transport, or never will be.</summary>
    internal Task WhenWrittenAsync()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        if (_stopped || _written == _made)
            return Task.CompletedTask;
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (_waitForWritten ??= []).Add((_made, written));
        return written.Task;
    }

    /// <summary>Nobody is to wait any more: neither for what is written nor for room.</summary>
    internal void Stop()
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        _stopped = true;
        Taken.Set();
        _waitForWritten?.ForEach(waiting => waiting.Written.TrySetResult());
        _waitForWritten = null;
    }
}
