using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Microservices.Hosting.Auth;
using Microservices.Operations.V1;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Events;

/// <summary>The event streams over HTTP that this process has open, for operators to see and to end. A singleton; thread-safe.</summary>
internal sealed class SseStreams(IOptions<EventsOptions> options, TimeProvider time) : IOpenStreams
{
    private readonly ListedStreams streams = new();

    IReadOnlyList<IStreamHandle> IOpenStreams.Open => streams.All;

    /// <summary>Begins one, to be disposed of before the request ends.</summary>
    /// <param name="http">The request.</param>
    /// <param name="subscriptions">What it is about, as operators see it.</param>
    public SseStream Begin(HttpContext http, params IReadOnlyList<StreamSubscription> subscriptions) =>
        new(http, subscriptions, new SseWriter(http.Response.BodyWriter, options.Value.WriteTimeout, time), time.GetUtcNow(), streams);
}

/// <summary>An event stream over HTTP. Its writer is for whoever serves it; all else is thread-safe.</summary>
internal sealed class SseStream : IStreamHandle, IDisposable
{
    private readonly Lock gate = new();
    private readonly TaskCompletionSource<string> asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpContext http;
    private readonly IReadOnlyList<StreamSubscription> subscriptions;
    private readonly DateTimeOffset openedAt;
    private readonly ListedStreams list;
    private readonly LinkedListNode<IStreamHandle> listed;
    private bool closed;

    internal SseStream(HttpContext http, IReadOnlyList<StreamSubscription> subscriptions, SseWriter writer, DateTimeOffset openedAt, ListedStreams list)
    {
        (this.http, this.subscriptions, Writer, this.openedAt, this.list) = (http, subscriptions, writer, openedAt, list);
        listed = list.Add(this);
    }

    /// <summary>Writes its events.</summary>
    public SseWriter Writer { get; }

    /// <summary>Completes when an operator has asked for its end, with the reason that the client is told.</summary>
    public Task<string> Asked => asked.Task;

    /// <inheritdoc/>
    public OpenStream? Describe()
    {
        // While it is held the request does not end, after which the server gives its context to another one.
        lock (gate)
        {
            if (closed)
                return null;
            var caller = (Principal)http.User;
            return new OpenStream
            {
                StreamId = StreamIds.Of(http),
                Kind = StreamKind.Sse,
                Method = $"GET {(http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText}",
                User = caller.Id,
                Peer = PeerOf(http.Connection),
                OpenTime = Timestamp.FromDateTimeOffset(openedAt),
                TokenExpireTime = Timestamp.FromDateTimeOffset(caller.Expires),
                QueuedBytes = Writer.Queued,
                Sent = Writer.Sent,
                Subscriptions = subscriptions.Count,
                MostBehind = { subscriptions.Select(subscription => subscription.Clone()) },
                Draining = asked.Task.IsCompleted,
            };
        }
    }

    /// <inheritdoc/>
    public bool TryDrain()
    {
        asked.TrySetResult(EndReasons.Draining);
        return true;
    }

    /// <inheritdoc/>
    public void End(bool forGood)
    {
        lock (gate)
        {
            if (!closed)
                http.Abort();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
            closed = true;
        list.Remove(listed);
        Writer.Dispose();
    }

    // As gRPC writes it.
    private static string PeerOf(ConnectionInfo connection) => connection.RemoteIpAddress switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } mapped => $"ipv4:{mapped.MapToIPv4()}:{connection.RemotePort}",
        { AddressFamily: AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{connection.RemotePort}",
        var address => $"ipv4:{address}:{connection.RemotePort}",
    };
}
