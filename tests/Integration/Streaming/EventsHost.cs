using System.Collections.Concurrent;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microservices.Streaming.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A replica of Orders on a real socket, with its WatchOrders over a source of the test's.</summary>
public sealed class EventsHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _drain = new();
    private GrpcServer _server = null!;
    private int _open;

    public Uri Address => _server.Address;

    /// <summary>How streams ended.</summary>
    public ConcurrentQueue<StatusCode> Ends { get; } = [];

    public int Open => Volatile.Read(ref _open);

    public static Task<EventsHost> StartAsync<TSource>(TSource log, params (string Key, string Value)[] options)
        where TSource : class, IEventSource<WatchOrdersRequest> => StartAtAsync(0, log, options);

    /// <summary>At a port, where one was before.</summary>
    public static Task<EventsHost> StartAtAsync<TSource>(int port, TSource log, params (string Key, string Value)[] options)
        where TSource : class, IEventSource<WatchOrdersRequest> => StartAsync(port, log, null, options);

    /// <summary>One that holds its callers to what they may.</summary>
    public static Task<EventsHost> StartAsync<TSource>(TSource log, IStreamAccess access)
        where TSource : class, IEventSource<WatchOrdersRequest> => StartAsync(0, log, access);

    private static async Task<EventsHost> StartAsync<TSource>(int port, TSource log, IStreamAccess? access, params (string Key, string Value)[] options)
        where TSource : class, IEventSource<WatchOrdersRequest>
    {
        var host = new EventsHost();
        host._server = await GrpcServer.StartAsync<Service>(port, options.Select(o => ($"EventStreams:{o.Key}", o.Value)), services => (access is null ? services : services.AddSingleton(access))
            .AddSingleton(log)
            .AddSingleton(host)
            .AddEventStreamServer<WatchOrdersRequest, TSource>(OrdersService.WatchOrders));
        return host;
    }

    public Task DrainAsync() => _drain.CancelAsync();

    /// <inheritdoc cref="GrpcServer.KillAsync"/>
    public Task KillAsync() => _server.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _drain.Dispose();
    }

    private sealed class Service(EventStreamServer<WatchOrdersRequest> watch, EventsHost host) : OrdersService.OrdersServiceBase
    {
        public override async Task WatchOrders(
            IAsyncStreamReader<WatchOrdersRequest> requestStream, IServerStreamWriter<WatchOrdersResponse> responseStream, ServerCallContext context)
        {
            Interlocked.Increment(ref host._open);
            try
            {
                await watch.ServeAsync(requestStream, context, drain: host._drain.Token);
                host.Ends.Enqueue(context.Status.StatusCode);
            }
            finally
            {
                Interlocked.Decrement(ref host._open);
            }
        }
    }
}
