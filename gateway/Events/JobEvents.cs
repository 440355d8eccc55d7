using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Rest;
using Microservices.Streaming.Events;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Events;

/// <summary>What becomes of a job, as events. A singleton; thread-safe.</summary>
internal sealed class JobEvents(JobsV1.JobsService.JobsServiceClient jobs, EventStreamClient<JobsV1.JobEvent> changes)
{
    /// <summary>The events of a job that the caller may see.</summary>
    /// <param name="http">The request.</param>
    /// <param name="jobId">Whose they are.</param>
    /// <param name="field">What the request calls the place to go on from.</param>
    /// <exception cref="RpcException">There is no such job, or it is another user's.</exception>
    public async Task<FollowedEvents> FindAsync(HttpContext http, string jobId, string field)
    {
        var job = (await jobs.GetJobAsync(new JobsV1.GetJobRequest { JobId = jobId }, http.CallOptions())).Job;
        return OwnedEvents.Of(http, changes, job.OwnerId, "jobs", field, untilNow: false, (told, cause) => told.Job.JobId == job.JobId
            ? new MergedEvent("job", cause, json => JsonSerializer.Serialize(json, told.ToJson(cause), GatewayJson.Default.JobEvent))
            : null);
    }
}
