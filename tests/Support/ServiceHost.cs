using Grpc.Net.Client;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Support;

/// <summary>
/// A service as its Program makes it, inside the test's process, on real sockets with ports of its own. The entry point is that of
/// the assembly which has <typeparamref name="TMarker"/>.
/// </summary>
public sealed class ServiceHost<TMarker> : WebApplicationFactory<TMarker>
    where TMarker : class
{
    private readonly IReadOnlyDictionary<string, string> settings;
    private readonly Action<IServiceCollection>? configure;

    /// <summary>Starts it with these settings over its own, and with these services beside its own.</summary>
    public ServiceHost(IReadOnlyDictionary<string, string> settings, Action<IServiceCollection>? configure = null)
    {
        (this.settings, this.configure) = (settings, configure);
        UseKestrel();
        StartServer();
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        // In the order of the endpoints' names: Grpc, Http where there is one, Management.
        Grpc = addresses[0];
        Management = addresses[^1];
        Channel = Tokens.Channel(Grpc);
    }

    /// <summary>The address of the gRPC port.</summary>
    public string Grpc { get; }

    /// <summary>The address of the management port.</summary>
    public string Management { get; }

    /// <summary>A channel to the gRPC port.</summary>
    public GrpcChannel Channel { get; }

    /// <inheritdoc/>
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Kestrel:Endpoints:Grpc:Url", "http://127.0.0.1:0");
        builder.UseSetting("Kestrel:Endpoints:Management:Url", "http://127.0.0.1:0");
        builder.UseSetting("Logging:LogLevel:Default", "Warning");
        // Unless it is to take the tokens of another authority.
        var authority = settings.ContainsKey("Auth:Authority") ? new Dictionary<string, string>() : Tokens.SettingsOf(typeof(TMarker).Assembly.GetName().Name!.ToLowerInvariant());
        foreach (var (key, value) in authority.Concat(settings))
            builder.UseSetting(key, value);
        if (configure is not null)
            builder.ConfigureTestServices(configure);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Channel.Dispose();
        base.Dispose(disposing);
    }
}
