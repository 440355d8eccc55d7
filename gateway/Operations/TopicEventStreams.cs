using System.Net.Sockets;
using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Gateway.Events;
using Microservices.Gateway.Rest;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Operations.V1;
using Microsoft.Extensions.Options;
using StreamEnd = Microservices.Gateway.Rest.StreamEnd;

namespace Microservices.Gateway.Operations;

/// <summary>
/// Serves the events of a topic over HTTP, as one replica of its service shows them (WatchTopic), in the caller's name: what is read slowly here is read slowly there. As many streams as
/// <see cref="SubscriptionQuota"/> has room for, for as long as <see cref="StreamLifetime"/> says. A singleton; thread-safe.
/// </summary>
internal sealed class TopicEventStreams(
    SuiteReplicas suite, SubscriptionQuota quota, SseStreams streams, StreamLifetime lifetime, IOptions<EventsOptions> options, EventsMetrics metrics, TimeProvider time)
{
    // How often a watch says something, whatever happens.
    private const int HeartbeatMs = 1_000;

    /// <summary>Serves one client until it is gone, or is told that this is the end.</summary>
    /// <exception cref="StatusException">There is no such service, or too many streams are open.</exception>
    /// <exception cref="RpcException">The service refuses.</exception>
    public async Task ServeAsync(HttpContext http, string service, WatchTopicRequest request)
    {
        using var hold = quota.Take(http);
        var (held, call) = await BeginAsync(http, service, request);
        using (held)
        using (call)
        using (var stream = streams.Begin(http, new StreamSubscription { Key = request.Topic, Delivery = "LATEST" }))
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted))
        {
            metrics.Streams(1);
            try
            {
                await FollowAsync(http, stream.Writer, call.ResponseStream, Task.WhenAny(lifetime.EndAsync((Principal)http.User, over.Token), stream.Asked).Unwrap());
            }
            catch (TimeoutException)
            {
                metrics.CutOff();
                http.Abort();
            }
            catch (Exception gone) when (gone is OperationCanceledException or RpcException && http.RequestAborted.IsCancellationRequested)
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

    /// <summary>A watch whose first frame has come, at the first replica that serves one.</summary>
    private async Task<(ReplicaChannel Held, AsyncServerStreamingCall<WatchTopicResponse> Call)> BeginAsync(HttpContext http, string service, WatchTopicRequest request)
    {
        if (!suite.Services.Contains(service))
            throw new StatusException(GatewayErrors.Domain.NotFound("gateway.v1.Service", service));
        foreach (var replica in await FindAsync(service, http.RequestAborted))
        {
            var held = replica.Connect();
            var call = new TopicsService.TopicsServiceClient(held.Channel).WatchTopic(request, http.CallOptions().Headers, cancellationToken: http.RequestAborted);
            try
            {
                // What is wrong is a problem, as long as nothing was answered.
                if (await call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(options.Value.StartTimeout, time, http.RequestAborted))
                    return (held, call);
            }
            catch (Exception away) when (away is TimeoutException or RpcException { StatusCode: StatusCode.Unavailable })
            {
                // Another replica may serve it.
            }
            catch (RpcException none) when (none.StatusCode == StatusCode.Unimplemented)
            {
                Dispose();
                throw new StatusException(GatewayErrors.Domain.NotFound("operations.v1.Topic", request.Topic));
            }
            catch
            {
                Dispose();
                throw;
            }

            Dispose();

            void Dispose()
            {
                call.Dispose();
                held.Dispose();
            }
        }

        throw Away(service);
    }

    private async Task<SuiteReplica[]> FindAsync(string service, CancellationToken cancellationToken)
    {
        try
        {
            var replicas = (await suite.FindAsync(service, cancellationToken)).ToArray();
            Random.Shared.Shuffle(replicas);
            return replicas;
        }
        catch (SocketException)
        {
            throw Away(service);
        }
    }

    private static StatusException Away(string service) =>
        new(GatewayErrors.Domain.Unavailable("UPSTREAM_UNAVAILABLE", $"No replica of {service} can be reached now."));

    private async Task FollowAsync(HttpContext http, SseWriter writer, IAsyncStreamReader<WatchTopicResponse> frames, Task<string> leave)
    {
        await SseResponse.BeginAsync(http);
        writer.Retry(options.Value.Retry);
        writer.Event("ready", null, json => JsonSerializer.Serialize(json, new StreamReady { HeartbeatMs = HeartbeatMs }, GatewayJson.Default.StreamReady));
        var reason = "";
        try
        {
            do
            {
                if (!await WriteAsync(writer, frames.Current))
                    return;
                var next = frames.MoveNext(CancellationToken.None);
                if (await Task.WhenAny(leave, next) == leave)
                    reason = await leave;
                else if (!await next)
                    reason = EndReasons.Draining;
            }
            while (reason.Length == 0);
        }
        catch (RpcException ended) when (!http.RequestAborted.IsCancellationRequested)
        {
            // It goes on at another replica.
            reason = ended.StatusCode == StatusCode.Unavailable ? EndReasons.Draining : EndReasons.Of(ended);
        }

        http.RequestAborted.ThrowIfCancellationRequested();
        var end = new StreamEnd { Reason = reason, ReconnectAfterMs = (long)options.Value.Retry.TotalMilliseconds };
        writer.Event("end", null, json => JsonSerializer.Serialize(json, end, GatewayJson.Default.StreamEnd));
        if (await writer.FlushAsync())
            await http.Response.CompleteAsync();
    }

    private static async ValueTask<bool> WriteAsync(SseWriter writer, WatchTopicResponse frame)
    {
        foreach (var e in frame.Events)
        {
            writer.Event("event", e.Cursor, json => JsonSerializer.Serialize(json, e.ToResource(), GatewayJson.Default.ShownEvent));
            if (writer.IsFull && !await writer.FlushAsync())
                return false;
        }

        writer.Event("position", frame.Cursor.Length > 0 ? frame.Cursor : null, json => JsonSerializer.Serialize(json, frame.ToPosition(), GatewayJson.Default.TopicPosition));
        return await writer.FlushAsync();
    }
}
