using System.Text.Json;
using Microservices.Gateway.Events;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Operations;

/// <summary>
/// Serves server-sent events of which the latest counts: what there is to say is asked for once a second, when the one before is written, so that a client that reads slowly gets fewer. As many streams as
/// <see cref="SubscriptionQuota"/> has room for, for as long as <see cref="StreamLifetime"/> says. A singleton; thread-safe.
/// </summary>
internal sealed class LatestEvents(SubscriptionQuota quota, SseStreams streams, StreamLifetime lifetime, IOptions<EventsOptions> options, EventsMetrics metrics, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Serves one client until it is gone, or is told that this is the end.</summary>
    /// <param name="http">The client.</param>
    /// <param name="write">Writes what there is to say now.</param>
    /// <exception cref="StatusException">Too many streams are open.</exception>
    public async Task ServeAsync(HttpContext http, Action<SseWriter> write)
    {
        using var hold = quota.Take(http);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        using var stream = streams.Begin(http, new StreamSubscription { Delivery = "LATEST" });
        var writer = stream.Writer;
        metrics.Streams(1);
        try
        {
            var leave = Task.WhenAny(lifetime.EndAsync((Principal)http.User, over.Token), stream.Asked).Unwrap();
            await SseResponse.BeginAsync(http);
            writer.Retry(options.Value.Retry);
            writer.Event("ready", null, json => JsonSerializer.Serialize(json, new StreamReady { HeartbeatMs = (long)Interval.TotalMilliseconds }, GatewayJson.Default.StreamReady));
            while (!leave.IsCompleted)
            {
                write(writer);
                if (!await writer.FlushAsync())
                    return;
                await Task.WhenAny(leave, Task.Delay(Interval, time, over.Token));
            }

            if (http.RequestAborted.IsCancellationRequested)
                return;
            var end = new StreamEnd { Reason = await leave, ReconnectAfterMs = (long)options.Value.Retry.TotalMilliseconds };
            writer.Event("end", null, json => JsonSerializer.Serialize(json, end, GatewayJson.Default.StreamEnd));
            if (await writer.FlushAsync())
                await http.Response.CompleteAsync();
        }
        catch (TimeoutException)
        {
            metrics.CutOff();
            http.Abort();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
        finally
        {
            metrics.Streams(-1);
            await over.CancelAsync();
        }
    }
}
