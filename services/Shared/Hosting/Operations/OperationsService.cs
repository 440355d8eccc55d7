using Grpc.Core;
using Microservices.Operations.V1;

namespace Microservices.Hosting.Operations;

/// <summary>Tells operators how the process is doing.</summary>
internal sealed class OperationsService(ProcessSampler sampler, Watches watches) : Microservices.Operations.V1.OperationsService.OperationsServiceBase
{
    public override async Task WatchProcess(WatchProcessRequest request, IServerStreamWriter<WatchProcessResponse> responseStream, ServerCallContext context)
    {
        try
        {
            using var watch = watches.Begin(responseStream, context);
            await context.WriteResponseHeadersAsync([]);
            while (true)
            {
                await watch.WriteAsync(new WatchProcessResponse { Process = await sampler.CurrentAsync(watch.Over) });
                await watch.WaitAsync(StreamSampler.Interval);
            }
        }
        finally
        {
            await sampler.EndedAsync();
        }
    }
}
