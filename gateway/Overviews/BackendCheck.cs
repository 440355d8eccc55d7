using Google.Protobuf;
using Microservices.Streaming.Calls;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// A gateway that has just started is ready once it has a stream to the backend, so that its first callers find one; but it does not
/// wait for long, since it can answer without. From then on a backend that is away is Degraded: another gateway would be no better.
/// </summary>
internal sealed class BackendCheck<TCall, TResult>(CallStreamClient<TCall, TResult> backend, TimeProvider time) : IHealthCheck
    where TCall : class, ICall, IMessage<TCall>
    where TResult : class, ICallResult, new()
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private readonly long started = time.GetTimestamp();
    private volatile bool connectedOnce;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var connected = backend.IsConnected;
        connectedOnce |= connected;
        return Task.FromResult(
            connected ? HealthCheckResult.Healthy()
            : connectedOnce || time.GetElapsedTime(started) > ConnectTimeout ? HealthCheckResult.Degraded("no replica can be reached")
            : HealthCheckResult.Unhealthy("not connected yet"));
    }
}
