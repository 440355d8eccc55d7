using Grpc.Net.Client;
using Microservices.HealthChecks.V1;
using Microservices.Primitives;

namespace Microservices.Hosting;

/// <summary>
/// A call to this process's own gRPC port before it is ready, which asks whether it is alive: the first callers then do not wait until the code of
/// server and client is compiled, whatever the service does.
/// </summary>
internal static class OwnLiveness
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static async Task AskAsync(OwnPorts ports, CancellationToken cancellationToken)
    {
        if (ports.Grpc is not { } address)
            return;
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = ReplicaHandler.Create(Timeout, Timeout, Timeout, ports.Tls), DisposeHttpClient = true });
        await new HealthChecks.V1.Health.HealthClient(channel).CheckAsync(new HealthCheckRequest { Service = Health.Liveness }, cancellationToken: cancellationToken);
    }
}
