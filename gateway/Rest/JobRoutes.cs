using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Client = Microservices.Jobs.V1.JobsService.JobsServiceClient;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Rest;

/// <summary>Jobs over REST; as events they are at <see cref="Events.EventRoutes"/>.</summary>
internal static class JobRoutes
{
    public const string Tag = "Jobs";
    public const string Jobs = "/v1/jobs";
    public const string OneJob = $"{Jobs}/{{jobId}}";

    public static void MapJobs(this WebApplication app)
    {
        app.MapPost(Jobs, EnqueueAsync)
            .StandsFor(JobsV1.JobsService.Descriptor, "EnqueueJob")
            .Describe("enqueueJob", Tag, "Enqueue a job", """
                It is done by a process of its own, whatever becomes of the caller, and what it comes to is committed once: see `getJobResult`, or `watchJob`. With a `uniqueKey` a job is a call with a memory: where the owner has one
                with the same key that is not over, the answer is that job, 200, whatever else the body says. An attempt that fails is followed by another, after 1 s, doubled each time up to 1 h. The same idempotency key
                with the same body gives the same answer again; with another body it is a conflict. 429, reason `TOO_MANY_JOBS`, when the owner has 10,000 jobs that are not over, or their inputs have 64 MiB.
                """)
            .Header(RequestValues.IdempotencyKey, "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.", "jobs-1")
            .Body<EnqueueJob>(JobExamples.Enqueue)
            .Answers<Job>(201, "The job as enqueued. The header Idempotency-Replayed says that it was enqueued by an earlier request.", JobExamples.Waiting)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the job is.", $"{Jobs}/{JobExamples.Waiting.JobId}")
            .AnswersReplay(201)
            .Answers<Job>(200, "The job that was there already, by its unique key.", JobExamples.Waiting)
            .Fails(400, 409, 413, 415);
        app.MapGet(Jobs, ListAsync)
            .StandsFor(JobsV1.JobsService.Descriptor, "ListJobs")
            .Describe("listJobs", Tag, "List the jobs of an owner", "Newest first, page by page. The latest 1,000 that are over are kept, for 7 days.")
            .Query("ownerId", JsonSchemas.Text, "Required: the user whose they are.", JobExamples.Waiting.OwnerId)
            .Query("state", JsonSchemas.OneOf("waiting", "running", "succeeded", "failed", "cancelled", "expired"), "Only those in this state; all when absent.", "failed")
            .Page()
            .Answers<JobPage>(200, "A page of jobs.", JobExamples.Page)
            .Fails(400);
        app.MapGet(OneJob, GetAsync)
            .StandsFor(JobsV1.JobsService.Descriptor, "GetJob")
            .Describe("getJob", Tag, "Get a job", "How far it has come.")
            .JobId()
            .Answers<Job>(200, "The job.", JobExamples.Waiting)
            .Fails(400, 404);
        app.MapPost($"{OneJob}:cancel", CancelAsync)
            .StandsFor(JobsV1.JobsService.Descriptor, "CancelJob")
            .Describe("cancelJob", Tag, "Cancel a job", "One that waits is cancelled at once. One that runs is asked to end, and is `cancelling` until it has. One that is over stays as it is.")
            .JobId()
            .Answers<Job>(200, "The job as it is now.", JobExamples.Cancelled)
            .Fails(400, 404, 409);
        app.MapGet($"{OneJob}/result", GetResultAsync)
            .StandsFor(JobsV1.JobsService.Descriptor, "GetResult")
            .Describe("getJobResult", Tag, "Get what a job has come to", "The job, with its output once it has succeeded.")
            .JobId()
            .Answers<JobResult>(200, "The job, with its output if it has one.", JobExamples.Result)
            .Fails(400, 404);
    }

    private static async Task<IResult> EnqueueAsync(HttpContext http, Client jobs)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.EnqueueJob);
        var errors = new RequestErrors();
        var (owner, kind, input) = (errors.Required("ownerId", body.OwnerId, ""), errors.Required("kind", body.Kind, ""), errors.Required("input", body.Input));
        errors.ThrowIfAny();

        var response = await jobs.EnqueueJobAsync(new JobsV1.EnqueueJobRequest
        {
            OwnerId = owner,
            Kind = kind,
            Input = JobContents.Read(kind, input),
            Priority = body.Priority.ToMessage(),
            UniqueKey = body.UniqueKey ?? "",
            DueTime = body.DueTime?.ToTimestamp(),
            Timeout = body.TimeoutSeconds is { } seconds ? new Duration { Seconds = seconds } : null,
            MaxAttempts = body.MaxAttempts ?? 0,
            IdempotencyKey = key,
        }, options);
        http.Response.Headers.Location = $"{Jobs}/{Uri.EscapeDataString(response.Job.JobId)}";
        return Answers.Command(http, response.Job.ToJson(), GatewayJson.Default.Job, response.Replayed, response.Attached ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext http, Client jobs)
    {
        var owner = http.QueryText("ownerId") ?? throw new InvalidRequestException("ownerId", "is required");
        var request = new JobsV1.ListJobsRequest { OwnerId = owner, State = State(http), PageSize = http.QueryNumber("pageSize"), PageToken = http.QueryText("pageToken") ?? "" };
        var response = await jobs.ListJobsAsync(request, http.CallOptions());
        var page = new JobPage { Jobs = [.. response.Jobs.Select(job => job.ToJson())], NextPageToken = Answers.Token(response.NextPageToken) };
        return ReaderPace.Json(http, page, GatewayJson.Default.JobPage, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string jobId, HttpContext http, Client jobs) =>
        TypedResults.Json((await jobs.GetJobAsync(new JobsV1.GetJobRequest { JobId = jobId }, http.CallOptions())).Job.ToJson(), GatewayJson.Default.Job);

    private static async Task<IResult> CancelAsync(string jobId, HttpContext http, Client jobs) =>
        TypedResults.Json((await jobs.CancelJobAsync(new JobsV1.CancelJobRequest { JobId = jobId }, http.CallOptions())).Job.ToJson(), GatewayJson.Default.Job);

    private static async Task<IResult> GetResultAsync(string jobId, HttpContext http, Client jobs)
    {
        var response = await jobs.GetResultAsync(new JobsV1.GetResultRequest { JobId = jobId }, http.CallOptions());
        var result = new JobResult
        {
            Job = response.Job.ToJson(),
            Output = response.Job.State == JobsV1.JobState.Succeeded ? JobContents.Write(response.Job.Kind, response.Output) : null,
        };
        return ReaderPace.Json(http, result, GatewayJson.Default.JobResult, response.CalculateSize());
    }

    private static JobsV1.JobState State(HttpContext http) => http.QueryText("state") switch
    {
        null => JobsV1.JobState.Unspecified,
        "waiting" => JobsV1.JobState.Waiting,
        "running" => JobsV1.JobState.Running,
        "succeeded" => JobsV1.JobState.Succeeded,
        "failed" => JobsV1.JobState.Failed,
        "cancelled" => JobsV1.JobState.Cancelled,
        "expired" => JobsV1.JobState.Expired,
        _ => throw new InvalidRequestException("state", "must be waiting, running, succeeded, failed, cancelled or expired"),
    };
}
