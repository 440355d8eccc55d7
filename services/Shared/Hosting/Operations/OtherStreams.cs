using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Http.Features;

namespace Microservices.Hosting.Operations;

/// <summary>The gRPC streams that are neither event streams nor call streams, which have lists of their own: command streams, and those with a single request. A singleton; thread-safe.</summary>
internal sealed class OtherStreams(TimeProvider time) : IOpenStreams
{
    private readonly ListedStreams streams = new();

    public IReadOnlyList<IStreamHandle> Open => streams.All;

    /// <summary>Whether streams of this request are listed by those that serve them.</summary>
    public static bool AreListedElsewhere<TRequest>() => typeof(IEventRequestFrame).IsAssignableFrom(typeof(TRequest)) || typeof(ICallFrame).IsAssignableFrom(typeof(TRequest));

    /// <summary>Serves a stream, which is listed meanwhile.</summary>
    public async Task ServeAsync(ServerCallContext call, StreamKind kind, Func<Task> serve)
    {
        var stream = new OtherStream(call, kind, time.GetUtcNow());
        var listed = streams.Add(stream);
        try
        {
            await serve();
        }
        finally
        {
            streams.Remove(listed);
            stream.Close();
        }
    }

    private sealed class OtherStream(ServerCallContext call, StreamKind kind, DateTimeOffset openedAt) : IStreamHandle
    {
        // RST_STREAM with these codes is UNAVAILABLE and PERMISSION_DENIED to a gRPC client (gRPC over HTTP/2, "Errors").
        private const int RefusedStream = 0x7;
        private const int InadequateSecurity = 0xc;
        private readonly Lock gate = new();
        private bool closed;

        public OpenStream? Describe()
        {
            // While it is held the method does not return, after which the server gives the request to another stream.
            lock (gate)
            {
                if (closed)
                    return null;
                var caller = call.GetHttpContext().User as Principal;
                return new OpenStream
                {
                    StreamId = StreamIds.Of(call.GetHttpContext()),
                    Kind = kind,
                    Method = call.Method.TrimStart('/'),
                    User = caller?.Id ?? "",
                    Peer = call.Peer,
                    OpenTime = Timestamp.FromDateTimeOffset(openedAt),
                    TokenExpireTime = caller is null ? null : Timestamp.FromDateTimeOffset(caller.Expires - TokenCheck.ClockSkew),
                };
            }
        }

        public bool TryDrain() => false;

        // What serves it knows nothing of this: only its client can be told, by the reset of the stream.
        public void End(bool forGood)
        {
            lock (gate)
            {
                if (closed)
                    return;
                if (call.GetHttpContext().Features.Get<IHttpResetFeature>() is { } reset)
                    reset.Reset(forGood ? InadequateSecurity : RefusedStream);
                else
                    call.GetHttpContext().Abort();
            }
        }

        public void Close()
        {
            lock (gate)
                closed = true;
        }
    }
}
