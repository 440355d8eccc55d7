using System.Diagnostics.Metrics;
using Grpc.Core;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Streaming.Events;

/// <summary>
/// Serves the event streams of one method from its <see cref="IEventSource{TSubscription}"/>. Register it with
/// <see cref="EventStreamServiceCollectionExtensions"/>; the gRPC method delegates to <see cref="ServeAsync"/> in one line. A
/// singleton; thread-safe.
/// </summary>
/// <typeparam name="TSubscription">The message that asks for a subscription.</typeparam>
public sealed class EventStreamServer<TSubscription> : IDisposable
    where TSubscription : class, IEventSubscription
{
    private readonly string _method;
    private readonly EventStreamServerOptions _options;
    private readonly IEventSource<TSubscription> _source;
    private readonly EventServerMetrics _metrics;
    private readonly StreamClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal EventStreamServer(
        string method, EventStreamServerOptions options, IEventSource<TSubscription> source, IMeterFactory meters, TimeProvider time, ILogger logger)
    {
        (_method, _options, _source, _time, _logger) = (method, options, source, time, logger);
        _metrics = new(meters, method);
        _clock = new(time);
    }

    /// <summary>Serves one stream until its end.</summary>
    /// <param name="requests">The stream's reader.</param>
    /// <param name="context">The stream's context. Nobody else may write to the stream.</param>
    /// <param name="within">How long the process has once it drains; the first half at most to ask, the second to go. Null: as long as the options say.</param>
    /// <param name="drain">Cancelled when this process is about to leave: the client is asked to go, within <see cref="EventStreamServerOptions.DrainWindow"/>.</param>
    /// <exception cref="RpcException">
    /// INVALID_ARGUMENT after a frame that says nothing; RESOURCE_EXHAUSTED when the client did not read; UNAVAILABLE when it was
    /// silent; CANCELLED when it is gone.
    /// </exception>
    public async Task ServeAsync<TRequest>(IAsyncStreamReader<TRequest> requests, ServerCallContext context, TimeSpan? within = null, CancellationToken drain = default)
        where TRequest : class, IEventRequestFrame<TSubscription>
    {
        ArgumentNullException.ThrowIfNull(context);
        var http = context.GetHttpContext();
        // The duration of a stream says nothing, and would spoil the histogram of the unary methods.
        if (http.Features.Get<IHttpMetricsTagsFeature>() is { } tags)
            tags.MetricsDisabled = true;
        // Tells the client that the stream stands, also while there is no event.
        await context.WriteResponseHeadersAsync([]);
        var queue = new OutboundQueue(_options.MaxQueuedBytes);
        var writer = new EventFrameWriter(http.Response.BodyWriter, queue, _options, _time);
        var subscriptions = new SubscriptionTable<TSubscription>(_source, queue, _options.MaxSubscriptions, _metrics, _method, _logger);
        var session = new EventStreamSession<TRequest, TSubscription>(
            requests, writer, queue, subscriptions, _options, _metrics, _method, context, _time, _logger);
        _metrics.Streams(1);
        var ticking = _clock.Add(session.Tick);
        try
        {
            await session.RunAsync((within ?? TimeSpan.MaxValue) / 2, drain);
        }
        finally
        {
            _clock.Remove(ticking);
            session.Report();
            _metrics.Streams(-1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _clock.Dispose();
}
