using System.Net;
using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Tls;

internal static class TlsRegistration
{
    /// <summary>Registers the process's certificates, and refuses ports without TLS that others reach.</summary>
    public static void AddTls(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<TlsOptions, TlsOptionsValidator>("Tls");
        builder.Services.AddSingleton<TlsFiles>();
        builder.Services.AddHostedService(services => services.GetRequiredService<TlsFiles>());
        builder.Services.AddSingleton(services => new TlsClient(services.GetRequiredService<TlsFiles>()));
        builder.Services.AddSingleton<IClientTls>(services => services.GetRequiredService<TlsClient>());
        foreach (var endpoint in builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Where(endpoint => endpoint.Key != Endpoints.Management))
        {
            builder.RefuseOutsideDevelopment($"{endpoint.Path}:Url", services =>
                endpoint["Url"] is { Length: > 0 } url && IsPlainToOthers(url) && !services.GetRequiredService<IOptions<TlsOptions>>().Value.AllowPlaintext
                    ? $"must be https outside Development, with Tls:CertificateFile, or of this machine alone, but is '{url}'; set Tls:AllowPlaintext where a mesh, or network policies and an ingress, see to it"
                    : null);
        }
    }

    private static bool IsPlainToOthers(string url)
    {
        var address = BindingAddress.Parse(url);
        return address is { Scheme: "http", IsUnixPipe: false }
            && address.Host != "localhost" && !(IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
    }
}
