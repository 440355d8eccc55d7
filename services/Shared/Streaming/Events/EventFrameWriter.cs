using System.IO.Pipelines;

namespace Microservices.Streaming.Events;

/// <summary>
/// The one loop that writes to a stream's client. What waits when it is free is written together and flushed once: batching with no
/// added wait. It writes to the body of the response itself: gRPC's own writer takes messages, and would encode every event again for
/// every stream. It cannot tell by itself that it is stuck: others see that by <see cref="WritingSince"/>.
/// </summary>
internal sealed class EventFrameWriter(PipeWriter body, OutboundQueue queue, int maxFlushBytes, TimeProvider time, SingleWaiterAutoResetEvent changed, string method)
{
    private long _writingSince;
    private long _lastWrite = time.GetTimestamp();
    private int _frames;
    private int _events;
    private volatile bool _hasEnded;

    /// <summary>The timestamp at which the current flush began; 0 when there is none.</summary>
    internal long WritingSince => Volatile.Read(ref _writingSince);

    /// <summary>The timestamp of the last flush.</summary>
    internal long LastWrite => Volatile.Read(ref _lastWrite);

    /// <summary>Whether it writes no more. The signal is set when it changes; the task may take a moment longer.</summary>
    internal bool HasEnded => _hasEnded;

    /// <summary>Whether there is something to <see cref="TakeWritten"/>.</summary>
    internal bool HasWritten => Volatile.Read(ref _frames) > 0;

    /// <summary>How many frames and events were written since this was last asked.</summary>
    internal (int Frames, int Events) TakeWritten() => (Interlocked.Exchange(ref _frames, 0), Interlocked.Exchange(ref _events, 0));

    /// <summary>Runs until the queue is complete, or the client is gone; then returns why. Never throws.</summary>
    internal async Task<Exception?> RunAsync(CancellationToken aborted)
    {
        var (unflushed, frames, events) = (0L, 0, 0);
        DeliverySpans? deliveries = null;
        try
        {
            while (true)
            {
                if (queue.TryTake(out var frame, out var slot, out var completed))
                {
                    frame.WriteTo(body);
                    unflushed += frame.Size;
                    frames++;
                    events += frame.Events;
                    if (frame.Causes is { } causes)
                        (deliveries ??= new(method)).Begin(causes.Contexts);
                    // Its source reads on while this is flushed.
                    slot?.Set();
                    if (unflushed < maxFlushBytes)
                        continue;
                }
                else if (unflushed == 0)
                {
                    if (completed)
                        return null;
                    await queue.Ready.WaitAsync();
                    continue;
                }

                Volatile.Write(ref _writingSince, time.GetTimestamp());
                // With the call's token: a flush that waits for a client does not learn by itself that its stream was reset.
                var flushed = await body.FlushAsync(aborted);
                Volatile.Write(ref _lastWrite, time.GetTimestamp());
                Volatile.Write(ref _writingSince, 0);
                queue.Release(unflushed);
                deliveries?.End();
                Interlocked.Add(ref _frames, frames);
                Interlocked.Add(ref _events, events);
                (unflushed, frames, events) = (0, 0, 0);
                if (flushed.IsCompleted || flushed.IsCanceled || aborted.IsCancellationRequested)
                    return new IOException("The client is gone.");
            }
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            deliveries?.End();
            Volatile.Write(ref _writingSince, 0);
            _hasEnded = true;
            changed.Set();
        }
    }
}
