using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Jobs.V1;
using Microservices.Streaming.Events;

namespace Microservices.Jobs;

/// <summary>The gRPC surface of Jobs.</summary>
internal sealed class JobsService(EnqueueJob enqueue, ReadJobs read, CancelJob cancel, EventStreamServer<WatchJobsRequest> watch, Drain drain)
    : V1.JobsService.JobsServiceBase
{
    public override Task<EnqueueJobResponse> EnqueueJob(EnqueueJobRequest request, ServerCallContext context) =>
        enqueue.HandleAsync(request, Rights.Of(context), context.CancellationToken);

    public override async Task<GetJobResponse> GetJob(GetJobRequest request, ServerCallContext context) =>
        new() { Job = (await read.GetAsync(request.JobId, withOutput: false, Rights.Of(context), context.CancellationToken)).Job };

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        read.ListAsync(request, context.CancellationToken);

    public override async Task<CancelJobResponse> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        new() { Job = await cancel.HandleAsync(request.JobId, Rights.Of(context), context.CancellationToken) };

    public override Task<GetResultResponse> GetResult(GetResultRequest request, ServerCallContext context) =>
        read.GetAsync(request.JobId, withOutput: true, Rights.Of(context), context.CancellationToken);

    public override Task WatchJobs(IAsyncStreamReader<WatchJobsRequest> requestStream, IServerStreamWriter<WatchJobsResponse> responseStream, ServerCallContext context) =>
        watch.ServeAsync(requestStream, context, drain.Window, drain.Token);
}
