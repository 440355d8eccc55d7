using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

/// <summary>
/// One answer to one client, from its headers to its end. The headers wait, for a while, until both subscriptions stand: until then what
/// fails is still an ordinary problem. Every event's id is the place after it in both sources.
/// </summary>
internal sealed partial class UserEventStream(
    HttpContext http, MergedSubscriptions<MergedEvent> merged, string owner, EventPlace[] places, EventsOptions options, EventsMetrics metrics, TimeProvider time, ILogger logger)
    : IDisposable
{
    private readonly SseWriter writer = new(http.Response.BodyWriter, options.WriteTimeout, time);
    private readonly bool[] stands = new bool[places.Length];
    private bool started;
    private bool ready;
    private long written = time.GetTimestamp();

    private string Id => EventPlaces.Join(owner, places);

    /// <summary>Serves the client until it is gone, or is told that this is the end.</summary>
    /// <param name="leave">Completes when the client is to be told.</param>
    /// <exception cref="RpcException">A service refuses, and nothing has been answered yet.</exception>
    public async Task RunAsync(Task leave)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var gone = Task.Delay(Timeout.InfiniteTimeSpan, time, over.Token);
        try
        {
            var tick = Task.Delay(options.StartTimeout, time, over.Token);
            var next = merged.NextAsync();
            while (await Task.WhenAny(leave, next, tick, gone) != gone && !leave.IsCompleted)
            {
                if (next.IsCompleted)
                {
                    if (await TakeAsync(next) is false)
                        break;
                    next = merged.NextAsync();
                    // More is there: it goes out together.
                    if (next.IsCompleted && !writer.IsFull)
                        continue;
                }
                else
                {
                    if (!started)
                        await StartAsync();
                    else if (time.GetElapsedTime(written) >= options.HeartbeatInterval)
                        writer.Heartbeat();
                    tick = TickAsync(over.Token);
                }

                // A flush of nothing is not a sign of life.
                if (!writer.IsEmpty && !await FlushAsync())
                    return;
            }

            if (!http.RequestAborted.IsCancellationRequested)
                await EndAsync();
        }
        catch (TimeoutException)
        {
            metrics.CutOff();
            LogCutOff(http.Request.Path, options.WriteTimeout);
            http.Abort();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: nobody is to be told.
        }
        finally
        {
            await over.CancelAsync();
            if (started)
                metrics.Streams(-1);
        }
    }

    public void Dispose() => writer.Dispose();

    /// <summary>False when a service has refused after the answer has begun: the next request then learns why.</summary>
    private async Task<bool> TakeAsync(Task<(int Source, ReceivedItem<MergedEvent> Item)> next)
    {
        try
        {
            var (source, item) = await next;
            if (item is not ReceivedSubscribed<MergedEvent>)
                await StartAsync();
            switch (item)
            {
                case ReceivedEvents<MergedEvent> events:
                    await PassAsync(source, events);
                    break;
                case ReceivedReset<MergedEvent> reset:
                    places[source] = new EventPlace(item.Cursor, 0);
                    var told = new StreamReset { Reason = reset.Reason.ToJson(), Source = MergedUserEvents.Sources[source] };
                    Send("reset", Id, json => JsonSerializer.Serialize(json, told, GatewayJson.Default.StreamReset));
                    break;
                default:
                    await StandAsync(source, item.Cursor);
                    break;
            }

            return true;
        }
        catch (RpcException refused) when (started)
        {
            LogRefused(http.Request.Path, refused.StatusCode, refused.Status.Detail);
            return false;
        }
    }

    private async Task StandAsync(int source, string cursor)
    {
        if (!places[source].Known)
            places[source] = new EventPlace(cursor, 0);
        stands[source] = true;
        if (!stands.All(one => one))
            return;
        await StartAsync();
        SayReady();
    }

    // The first event, as soon as there is an id: who is cut off before any other resumes from here.
    private void SayReady()
    {
        if (ready || !places.All(place => place.Known))
            return;
        ready = true;
        Send("ready", Id, json => JsonSerializer.Serialize(json, new StreamReady(), GatewayJson.Default.StreamReady));
    }

    private async ValueTask PassAsync(int source, ReceivedEvents<MergedEvent> batch)
    {
        var (before, seen) = places[source];
        for (var i = seen; i < batch.Events.Count; i++)
        {
            places[source] = i + 1 < batch.Events.Count ? new EventPlace(before, i + 1) : new EventPlace(batch.Cursor, 0);
            Send(batch.Events[i].Name, Id, batch.Events[i].Write);
            if (writer.IsFull)
                await FlushAsync();
        }

        // All of it was seen before, and perhaps some of the next: batches are cut anew each time.
        if (seen >= batch.Events.Count)
            places[source] = new EventPlace(batch.Cursor, seen - batch.Events.Count);
    }

    private async ValueTask StartAsync()
    {
        if (started)
            return;
        started = true;
        metrics.Streams(1);
        await SseResponse.BeginAsync(http);
        writer.Retry(options.Retry);
        SayReady();
    }

    private async Task EndAsync()
    {
        await StartAsync();
        var told = new StreamEnd { ReconnectAfterMs = (long)options.Retry.TotalMilliseconds };
        Send("end", null, json => JsonSerializer.Serialize(json, told, GatewayJson.Default.StreamEnd));
        if (await FlushAsync())
            await http.Response.CompleteAsync();
    }

    private void Send(string name, string? id, Action<Utf8JsonWriter> data)
    {
        writer.Event(name, id, data);
        metrics.Sent(name);
    }

    private ValueTask<bool> FlushAsync()
    {
        written = time.GetTimestamp();
        return writer.FlushAsync();
    }

    private Task TickAsync(CancellationToken over)
    {
        var left = options.HeartbeatInterval - time.GetElapsedTime(written);
        return Task.Delay(left > TimeSpan.Zero ? left : options.HeartbeatInterval, time, over);
    }

    [LoggerMessage(LogLevel.Warning, "{Path}: the client has not read for {Timeout}; its stream is cut off")]
    private partial void LogCutOff(string path, TimeSpan timeout);

    [LoggerMessage(LogLevel.Warning, "{Path}: a service refused with {Code} after the stream had begun; it is ended: {Cause}")]
    private partial void LogRefused(string path, StatusCode code, string cause);
}
