using Grpc.Core;
using Microservices.Streaming.V1;

namespace Microservices.Streaming.Events;

/// <summary>
/// Serves the event streams of one method from its <see cref="IEventReaderSource{TRequest}"/>. Register it with
/// <see cref="EventStreamServiceCollectionExtensions"/>; the gRPC method delegates to <see cref="ServeAsync"/> in one line. A
/// singleton; thread-safe.
/// </summary>
/// <typeparam name="TRequest">The frame of the subscriber.</typeparam>
public sealed class EventStreamServer<TRequest> : IOpenStreams, IDisposable
    where TRequest : class, IEventRequestFrame
{
    private readonly EventStreamParts<TRequest> _parts;

    internal EventStreamServer(EventStreamParts<TRequest> parts) => _parts = parts;

    IReadOnlyList<IStreamHandle> IOpenStreams.Open => _parts.Clock.Streams;

    /// <summary>Serves one stream until its end.</summary>
    /// <param name="requests">The stream's reader.</param>
    /// <param name="context">The stream's context. Nobody else may write to the stream.</param>
    /// <param name="within">How long the process has once it drains; the first half at most to ask, the second to go. Null: as long as the options say.</param>
    /// <param name="drain">Cancelled when this process is about to leave: the client is asked to go, within <see cref="EventStreamServerOptions.DrainWindow"/>.</param>
    /// <returns>
    /// Completes with the stream, whose status then is OK; INVALID_ARGUMENT after a frame that is empty or of an unknown kind;
    /// RESOURCE_EXHAUSTED after one that is too large, and when the client did not read; UNAVAILABLE when it was silent; UNAUTHENTICATED when its token has expired
    /// or a newer one is not valid; CANCELLED when it is gone.
    /// </returns>
    public async Task ServeAsync(IAsyncStreamReader<TRequest> requests, ServerCallContext context, TimeSpan? within = null, CancellationToken drain = default)
    {
        try
        {
            await new EventStreamSession<TRequest>(_parts, requests, context, (within ?? TimeSpan.MaxValue) / 2, drain).RunAsync();
        }
        catch (RpcException ending)
        {
            context.EndWith(ending);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _parts.Clock.Dispose();
}
