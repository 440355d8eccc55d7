using Grpc.Core;
using Microservices.HealthChecks.V1;
using ServingStatus = Microservices.HealthChecks.V1.HealthCheckResponse.Types.ServingStatus;

namespace Microservices.Hosting;

/// <summary>gRPC's health checking protocol, whole: Check, List and Watch.</summary>
internal sealed class HealthService(HealthStatuses statuses, Drain drain) : HealthChecks.V1.Health.HealthBase
{
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        await statuses.CheckAsync(request.Service, context.CancellationToken) is { } status
            ? new HealthCheckResponse { Status = status }
            // Without a text: it would only repeat the name.
            : throw new RpcException(new Status(StatusCode.NotFound, ""));

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context) => statuses.ListAsync(context.CancellationToken);

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, drain.Token);
        var told = default(ServingStatus?);
        // The first is asked for now; from then on all who watch share what the checks find.
        var status = await statuses.CheckAsync(request.Service, context.CancellationToken) ?? ServingStatus.ServiceUnknown;
        while (true)
        {
            var next = statuses.Next;
            if (told != status)
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
            told = status;
            await next.WaitAsync(over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (context.CancellationToken.IsCancellationRequested)
                return;
            if (drain.IsDraining)
                break;
            status = statuses.LastOf(request.Service) ?? told.Value;
        }

        var atEnd = await statuses.CheckAsync(request.Service, context.CancellationToken) ?? ServingStatus.ServiceUnknown;
        if (told != atEnd)
            await responseStream.WriteAsync(new HealthCheckResponse { Status = atEnd });
    }
}
