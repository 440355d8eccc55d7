using Grpc.Core;
using Microservices.HealthChecks.V1;
using ServingStatus = Microservices.HealthChecks.V1.HealthCheckResponse.Types.ServingStatus;

namespace Microservices.Hosting;

/// <summary>All of gRPC's health checking protocol: Check, List and Watch.</summary>
internal sealed class HealthService(HealthStatuses statuses, Drain drain) : HealthChecks.V1.Health.HealthBase
{
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        await statuses.CheckAsync(request.Service, context.CancellationToken) is { } status
            ? new HealthCheckResponse { Status = status }
            // A message would only repeat the name.
            : throw new RpcException(new Status(StatusCode.NotFound, ""));

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context) => statuses.ListAsync(context.CancellationToken);

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, drain.Token);
        var sent = default(ServingStatus?);
        // The checks run now for the first answer; after that all watchers share the result of the periodic run.
        var status = await statuses.CheckAsync(request.Service, context.CancellationToken) ?? ServingStatus.ServiceUnknown;
        while (true)
        {
            var next = statuses.Next;
            if (sent != status)
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
            sent = status;
            await next.WaitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (context.CancellationToken.IsCancellationRequested)
                return;
            if (drain.IsDraining)
                break;
            status = statuses.LastOf(request.Service) ?? sent.Value;
        }

        var atEnd = await statuses.CheckAsync(request.Service, context.CancellationToken) ?? ServingStatus.ServiceUnknown;
        if (sent != atEnd)
            await responseStream.WriteAsync(new HealthCheckResponse { Status = atEnd });
    }
}
