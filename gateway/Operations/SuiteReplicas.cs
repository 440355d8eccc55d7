using System.Net.Sockets;
using Microservices.Hosting;
using Microservices.Hosting.Tls;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Operations;

/// <summary>A replica of a service.</summary>
/// <param name="Service">The service that is expected there.</param>
/// <param name="Address">Where it is.</param>
/// <param name="Connect">A channel to it, which makes calls in the gateway's own name unless they carry a token. Whoever asks for it gives it back by disposing of it.</param>
internal sealed record SuiteReplica(string Service, Uri Address, Func<ReplicaChannel> Connect);

/// <summary>Finds the replicas of every service that the gateway calls (<c>Backends</c>), and this process itself. A singleton; thread-safe.</summary>
internal sealed class SuiteReplicas(IServiceProvider services, IConfiguration configuration, IOptionsMonitor<BackendOptions> backends, TlsClient tls, OwnPorts own, ReplicaChannels channels)
{
    private const string Self = "gateway";

    /// <summary>The services, by name.</summary>
    public IReadOnlyList<string> Services => [Self, .. Sections.Select(NameOf)];

    private IEnumerable<string> Sections => configuration.GetSection("Backends").GetChildren().Select(section => section.Key);

    /// <summary>Where the replicas of a service are now; none of a service that is not known.</summary>
    /// <exception cref="SocketException">Its name cannot be resolved now.</exception>
    public async Task<IReadOnlyList<SuiteReplica>> FindAsync(string service, CancellationToken cancellationToken)
    {
        if (service == Self)
            return own.Grpc is { } self ? [Of(self, Self)] : [];
        if (Sections.FirstOrDefault(section => NameOf(section) == service) is not { } name)
            return [];
        return [.. (await Backends.ResolveAsync(backends.Get($"Backends:{name}"), tls, cancellationToken)).Select(found => Of(found.Address, found.Name))];

        SuiteReplica Of(Uri address, string host) => new(service, address, () => channels.Take(address, () => Backends.Connect([address.ToString()], services, host)));
    }

    private static string NameOf(string section) => section.ToLowerInvariant();
}
