using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Calls;

/// <summary>
/// The one loop that writes to a stream's caller: whatever is ready when the loop is free goes out as one frame, which is used again. Each
/// write has a deadline. When it passes, <see cref="Stalled"/> completes, and somebody else has to end the stream.
/// </summary>
internal sealed class AnswerWriter<TResponseFrame, TCall, TResult>(
    IServerStreamWriter<TResponseFrame> responses, CallStreamState<TCall, TResult> stream, CallStreamServerOptions options)
    where TResponseFrame : class, ICallResultFrame<TResult>, new()
    where TCall : class, ICall
    where TResult : class, ICallResult, IMessage, new()
{
    private const int MaxAnswerBytes = 3 * 1024 * 1024;
    private const int MaxAnswersPerFrame = 1000;
    private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TResponseFrame _frame = new();
    private volatile bool _finishing;

    /// <summary>Completes when the caller has not read for too long.</summary>
    internal Task Stalled => _stalled.Task;

    /// <summary>Lets the loop end as soon as nothing is open and everything is written.</summary>
    internal void Finish()
    {
        _finishing = true;
        stream.Calls.Ready.Set();
    }

    /// <summary>Runs until finished, or until a write fails; then returns why. Never throws.</summary>
    internal async Task<Exception?> RunAsync()
    {
        var watch = new Due(() => _stalled.TrySetResult());
        var answers = new List<TResult>();
        try
        {
            while (true)
            {
                var finishing = _finishing;
                if (stream.Calls.TakeAnswers(ref answers, out var control, out var idle))
                {
                    for (var next = 0; next < answers.Count || control is not null;)
                    {
                        _frame.Control = control;
                        control = null;
                        next = Fill(answers, next);
                        stream.Schedule(watch, options.WriteTimeout);
                        // No token: cancelling a write would reset the stream without a word.
                        await responses.WriteAsync(_frame);
                        stream.Calls.Wrote(_frame.Results.Count);
                        _frame.Results.Clear();
                    }

                    answers.Clear();
                    stream.Schedule(watch, after: null);
                }
                else if (finishing && idle)
                {
                    return null;
                }
                else
                {
                    await stream.Calls.Ready.WaitAsync();
                }
            }
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            stream.Schedule(watch, after: null);
        }
    }

    private int Fill(List<TResult> answers, int next)
    {
        for (var bytes = 0; next < answers.Count && _frame.Results.Count < MaxAnswersPerFrame; next++)
        {
            var answer = answers[next];
            var size = answer.CalculateSize();
            if (size > MaxAnswerBytes)
            {
                var id = answer.CallId;
                answer = CallResults.Error<TResult>(StatusCode.ResourceExhausted, "The answer is too large.");
                answer.CallId = id;
                size = 0;
            }

            if (bytes > 0 && bytes + size > options.MaxFrameBytes)
                break;
            bytes += size;
            _frame.Results.Add(answer);
        }

        return next;
    }
}
