using Grpc.Net.Client;
using Microservices.Gateway;
using Microservices.Tests.Support;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>A replica of the gateway, as its Program makes it, on ports of its own.</summary>
internal sealed class GatewayFactory : WebApplicationFactory<GatewayOptions>
{
    private readonly (string Key, string Value)[] settings;

    /// <summary>Starts it with these settings over its own.</summary>
    public GatewayFactory(params (string Key, string Value)[] settings)
    {
        this.settings = settings;
        UseKestrel();
        StartServer();

        // In the order of the endpoints' names: Grpc, Http, Management.
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        (Grpc, RestAddress, Management) = (addresses[0], new Uri(addresses[1]), new Uri(addresses[2]));
        Rest = new HttpClient(Tokens.Bearer(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = Timeout.InfiniteTimeSpan })) { BaseAddress = RestAddress };
        Channel = Tokens.Channel(Grpc);
    }

    public string Grpc { get; }

    public Uri RestAddress { get; }

    public Uri Management { get; }

    /// <summary>A client of the REST port; it follows no redirect.</summary>
    public HttpClient Rest { get; }

    /// <summary>A channel to the gRPC port.</summary>
    public GrpcChannel Channel { get; }

    /// <summary>Tells it to stop, as SIGTERM does. Completes when it has.</summary>
    /// <param name="now">Cancelled when it is to wait for nothing more.</param>
    public Task StopAsync(CancellationToken now = default) => Services.GetRequiredService<IHost>().StopAsync(now);

    public override ValueTask DisposeAsync()
    {
        // The gateway waits for its callers before it stops: they leave first.
        Rest.Dispose();
        Channel.Dispose();
        return base.DisposeAsync();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder
            .UseEnvironment(Environments.Production)
            .UseSetting("Kestrel:Endpoints:Http:Url", "http://127.0.0.1:0")
            .UseSetting("Kestrel:Endpoints:Grpc:Url", "http://127.0.0.1:0")
            .UseSetting("Kestrel:Endpoints:Management:Url", "http://127.0.0.1:0")
            // Nobody is there, whatever else runs on this machine: it limits callers by itself.
            .UseSetting("ConnectionStrings:Redis", "127.0.0.1:1")
            .UseSetting("Drain:Window", "00:00:01")
            .UseSetting("Logging:LogLevel:Default", "Critical")
            .UseSetting("Logging:LogLevel:Microsoft.AspNetCore", "Critical");
        // Unless it is to take the tokens of another authority.
        foreach (var (key, value) in settings.Any(setting => setting.Key == "Auth:Authority") ? new Dictionary<string, string>() : Tokens.SettingsOf("gateway"))
            builder.UseSetting(key, value);
        foreach (var (key, value) in settings)
            builder.UseSetting(key, value);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Rest.Dispose();
            Channel.Dispose();
        }

        base.Dispose(disposing);
    }
}
