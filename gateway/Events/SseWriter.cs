using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace Microservices.Gateway.Events;

/// <summary>
/// Writes server-sent events (WHATWG HTML, 9.2): one block of lines each, the data one line of JSON. The id is the last line, so that even
/// a tool that reads line by line has had an event when it has its id. Not thread-safe.
/// </summary>
internal sealed class SseWriter(PipeWriter output, TimeSpan timeout, TimeProvider time) : IDisposable
{
    private const int FlushBytes = 32 * 1024;
    private readonly Utf8JsonWriter json = new(output);
    private CancellationTokenSource deadline = Deadline(time);
    private long sent;
    private long queued;

    /// <summary>Whether so much waits that it should be flushed before more is written.</summary>
    public bool IsFull => output.UnflushedBytes >= FlushBytes;

    /// <summary>How many bytes wait to be flushed.</summary>
    public long UnflushedBytes => output.UnflushedBytes;

    /// <summary>How many events were written. Any thread may ask.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>How many bytes the client has not taken yet. Any thread may ask.</summary>
    public long Queued => Interlocked.Read(ref queued);

    /// <summary>Whether nothing waits to be flushed.</summary>
    public bool IsEmpty => output.UnflushedBytes == 0;

    /// <summary>How long the client is to wait before it connects again.</summary>
    public void Retry(TimeSpan retry) => Text(string.Create(CultureInfo.InvariantCulture, $"retry: {(long)retry.TotalMilliseconds}\n\n"));

    /// <summary>A comment, which clients ignore.</summary>
    public void Heartbeat() => Text(": still here\n\n");

    /// <summary>An event; without an id the client keeps the one before.</summary>
    public void Event(string name, string? id, Action<Utf8JsonWriter> data)
    {
        Text($"event: {name}\ndata: ");
        json.Reset(output);
        data(json);
        json.Flush();
        Interlocked.Increment(ref sent);
        Text(id is null ? "\n\n" : $"\nid: {id}\n\n");
    }

    /// <summary>An id without an event: the place to resume from.</summary>
    public void Id(string id) => Text($"id: {id}\n\n");

    /// <summary>Hands to the transport what was written; false when the client is gone.</summary>
    /// <exception cref="TimeoutException">The client has not read for the timeout. Its connection is lost.</exception>
    public async ValueTask<bool> FlushAsync()
    {
        deadline.CancelAfter(timeout);
        Interlocked.Exchange(ref queued, output.UnflushedBytes);
        try
        {
            return !(await output.FlushAsync(deadline.Token)).IsCompleted;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException("The client does not read.");
        }
        finally
        {
            Interlocked.Exchange(ref queued, 0);
            if (!deadline.TryReset())
            {
                deadline.Dispose();
                deadline = Deadline(time);
            }
        }
    }

    public void Dispose()
    {
        deadline.Dispose();
        json.Dispose();
    }

    // Only this constructor takes a clock.
    private static CancellationTokenSource Deadline(TimeProvider time) => new(Timeout.InfiniteTimeSpan, time);

    private void Text(string text) => Encoding.UTF8.GetBytes(text, output);
}
