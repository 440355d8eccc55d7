using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Streaming.Events;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>A replica of Orders on a real socket, with its WatchOrders over a source of the test's.</summary>
public sealed class EventsHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _drain = new();
    private int _stopped;
    private int _open;

    private EventsHost(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>How streams ended.</summary>
    public ConcurrentQueue<StatusCode> Ends { get; } = [];

    public int Open => Volatile.Read(ref _open);

    public static Task<EventsHost> StartAsync<TSource>(TSource log, params (string Key, string Value)[] options)
        where TSource : class, IEventSource<WatchOrdersRequest> => StartAtAsync(0, log, options);

    /// <summary>At a port, where one was before.</summary>
    public static async Task<EventsHost> StartAtAsync<TSource>(int port, TSource log, params (string Key, string Value)[] options)
        where TSource : class, IEventSource<WatchOrdersRequest>
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(options.Select(o => KeyValuePair.Create($"EventStreams:{o.Key}", (string?)o.Value)));
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(1));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(log);
        builder.Services.AddEventStreamServer<WatchOrdersRequest, TSource>(OrdersService.WatchOrders);
        EventsHost host = null!;
        builder.Services.AddSingleton(_ => host);
        var app = builder.Build();
        host = new EventsHost(app);
        app.MapGrpcService<Service>();
        await app.StartAsync();
        host.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return host;
    }

    public Task DrainAsync() => _drain.CancelAsync();

    /// <summary>Cuts every connection at once.</summary>
    public async Task KillAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _app.DisposeAsync();
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
