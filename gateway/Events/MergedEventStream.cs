using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;

namespace Microservices.Gateway.Events;

/// <summary>
/// One answer to one client, from its headers to its end. The headers wait, for a while, until all subscriptions are confirmed: until then
/// a failure is still an ordinary problem. Every event's id is the position after it in all sources.
/// </summary>
internal sealed partial class MergedEventStream(
    HttpContext http, SseWriter writer, MergedSubscriptions<MergedEvent> merged, FollowedEvents followed, ReaderPosition[] positions, EventsOptions options, EventsMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly DeliverySpans deliveries = new("events");
    private readonly bool[] subscribed = new bool[positions.Length];
    private string? ending;
    private bool started;
    private bool ready;
    private long written = time.GetTimestamp();

    private string Id => followed.Id(positions);

    /// <summary>Serves the client until it is gone, or the stream has ended in good order.</summary>
    /// <param name="leave">Completes when the stream must end, with the reason.</param>
    /// <exception cref="RpcException">A service refuses, and nothing has been answered yet.</exception>
    public async Task RunAsync(Task<string> leave)
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
                await EndAsync(ending ?? await leave);
        }
        catch (TimeoutException)
        {
            metrics.CutOff();
            LogCutOff(http.Request.Path, options.WriteTimeout);
            http.Abort();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
        finally
        {
            await over.CancelAsync();
            if (started)
                metrics.Streams(-1);
        }
    }

    /// <summary>False when there is no more, or a service has refused after the answer has begun: the next request then learns why.</summary>
    private async Task<bool> TakeAsync(Task<(int Source, ReceivedItem<MergedEvent> Item)?> next)
    {
        try
        {
            if (await next is not var (source, item))
            {
                ending = EndReasons.CaughtUp;
                return false;
            }

            if (item is not ReceivedSubscribed<MergedEvent>)
                await StartAsync();
            switch (item)
            {
                case ReceivedEvents<MergedEvent> batch:
                    await PassAsync(source, batch);
                    break;
                case ReceivedReset<MergedEvent> reset:
                    positions[source] = new ReaderPosition(item.Cursor, 0);
                    var reason = new StreamReset { Reason = reset.Reason.ToJson(), Source = followed.Sources[source] };
                    Send("reset", Id, json => JsonSerializer.Serialize(json, reason, GatewayJson.Default.StreamReset));
                    break;
                default:
                    await SubscribedAsync(source, item.Cursor);
                    break;
            }

            return true;
        }
        catch (RpcException refused) when (started)
        {
            ending = EndReasons.Of(refused);
            // What the caller's own token brings about is no news.
            if (ending == EndReasons.Refused)
                LogRefused(http.Request.Path, refused.StatusCode, refused.Status.Detail);
            return false;
        }
    }

    private async Task SubscribedAsync(int source, string cursor)
    {
        if (!positions[source].IsKnown)
            positions[source] = new ReaderPosition(cursor, 0);
        subscribed[source] = true;
        if (!subscribed.All(one => one))
            return;
        await StartAsync();
        SendReady();
    }

    // The first event, as soon as there is an id: who is cut off before any other resumes from here.
    private void SendReady()
    {
        if (ready || !positions.All(position => position.IsKnown))
            return;
        ready = true;
        var start = new StreamReady { HeartbeatMs = (long)options.HeartbeatInterval.TotalMilliseconds };
        Send("ready", Id, json => JsonSerializer.Serialize(json, start, GatewayJson.Default.StreamReady));
    }

    private async ValueTask PassAsync(int source, ReceivedEvents<MergedEvent> batch)
    {
        var (before, seen) = positions[source];
        for (var i = seen; i < batch.Events.Count; i++)
        {
            positions[source] = i + 1 < batch.Events.Count ? new ReaderPosition(before, i + 1) : new ReaderPosition(batch.Cursor, 0);
            var happened = batch.Events[i];
            if (happened == MergedEvent.OfAnother)
                continue;
            if (!happened.Cause.IsEmpty)
                deliveries.Begin([happened.Cause.Memory]);
            Send(happened.Name, Id, happened.Write);
            if (writer.IsFull)
                await FlushAsync();
        }

        // The client resumes after what it was not sent, too.
        if (seen < batch.Events.Count && batch.Events[^1] == MergedEvent.OfAnother)
            writer.Id(Id);
        // All of it was seen before, and perhaps some of the next: batches are cut anew each time.
        if (seen >= batch.Events.Count)
            positions[source] = new ReaderPosition(batch.Cursor, seen - batch.Events.Count);
    }

    private async ValueTask StartAsync()
    {
        if (started)
            return;
        started = true;
        metrics.Streams(1);
        await SseResponse.BeginAsync(http);
        writer.Retry(options.Retry);
        SendReady();
    }

    private async Task EndAsync(string reason)
    {
        await StartAsync();
        var end = new StreamEnd { Reason = reason, ReconnectAfterMs = (long)options.Retry.TotalMilliseconds };
        Send("end", null, json => JsonSerializer.Serialize(json, end, GatewayJson.Default.StreamEnd));
        if (await FlushAsync())
            await http.Response.CompleteAsync();
    }

    private void Send(string name, string? id, Action<Utf8JsonWriter> data)
    {
        writer.Event(name, id, data);
        metrics.Sent(name);
    }

    private async ValueTask<bool> FlushAsync()
    {
        written = time.GetTimestamp();
        try
        {
            return await writer.FlushAsync();
        }
        finally
        {
            deliveries.End();
        }
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
