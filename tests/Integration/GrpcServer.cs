using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration;

/// <summary>A server of one gRPC service of the test's, on a real socket.</summary>
internal sealed class GrpcServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private int stopped;

    private GrpcServer(WebApplication app) => (this.app, Address) = (app, new Uri(app.Urls.Single()));

    public Uri Address { get; }

    /// <summary>Starts it, on a free port unless one is given, with these settings and no others.</summary>
    public static async Task<GrpcServer> StartAsync<TService>(int port, IEnumerable<(string Key, string Value)> settings, Action<IServiceCollection> add)
        where TService : class
    {
        var builder = WebApplication.CreateSlimBuilder();
        // The settings of the program under test lie beside the tests.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(1));
        builder.Services.AddGrpc();
        add(builder.Services);
        var app = builder.Build();
        app.MapGrpcService<TService>();
        await app.StartAsync();
        return new GrpcServer(app);
    }

    /// <summary>Cuts every connection at once.</summary>
    public async Task KillAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) == 0)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await app.StopAsync(now.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await app.DisposeAsync();
    }
}
