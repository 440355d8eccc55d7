using Google.Protobuf;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Client = Microservices.Jobs.V1.FlowsService.FlowsServiceClient;
using JobsV1 = Microservices.Jobs.V1;

namespace Microservices.Gateway.Rest;

/// <summary>Flows over REST; as events they are at <see cref="Events.EventRoutes"/>.</summary>
internal static class FlowRoutes
{
    public const string Tag = "Flows";
    public const string Flows = "/v1/flows";
    public const string OneFlow = $"{Flows}/{{flowId}}";
    private const string KeyMeaning = "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.";

    public static void MapFlows(this WebApplication app)
    {
        app.MapPost(Flows, StartAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "StartFlow")
            .Describe("startFlow", Tag, "Start a flow", """
                It goes on by itself, whatever dies, for days if need be: what each of its steps comes to is kept. See `getFlow`, or `watchFlow`. The same idempotency key with the same body gives the same answer again;
                with another body it is a conflict. 429, reason `TOO_MANY_FLOWS`, when the owner has 100 flows that are not over.
                """)
            .Header(RequestValues.IdempotencyKey, KeyMeaning, "flows-1")
            .Body<StartFlow>(FlowExamples.Start)
            .Answers<Flow>(201, "The flow as started. The header Idempotency-Replayed says that it was started by an earlier request.", FlowExamples.Waiting)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the flow is.", $"{Flows}/{FlowExamples.Waiting.FlowId}")
            .AnswersReplay(201)
            .Fails(400, 409, 413, 415);
        app.MapGet(Flows, ListAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "ListFlows")
            .Describe("listFlows", Tag, "List the flows of an owner", "Newest first, page by page. The latest 100 that are over are kept, for 7 days.")
            .Query("ownerId", JsonSchemas.Text, "Required: the user whose they are.", FlowExamples.Waiting.OwnerId)
            .Query("state", JsonSchemas.OneOf("running", "waiting", "undoing", "succeeded", "failed", "cancelled"), "Only those in this state; all when absent.", "waiting")
            .Page()
            .Answers<FlowPage>(200, "A page of flows.", FlowExamples.Page)
            .Fails(400);
        app.MapGet(OneFlow, GetAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "GetFlow")
            .Describe("getFlow", Tag, "Get a flow", "The flow with its steps and, once it has succeeded, its output. Of one that runs another again each step says how it compares with the other's.")
            .FlowId()
            .Answers<FlowDetails>(200, "The flow.", FlowExamples.Details)
            .Fails(400, 404);
        app.MapPost($"{OneFlow}:signal", SignalAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "SignalFlow")
            .Describe("signalFlow", Tag, "Give a flow a signal", "One that waits for it goes on; otherwise it is kept until the flow asks for it, the oldest of a name first, up to 100 of them.")
            .FlowId()
            .Header(RequestValues.IdempotencyKey, KeyMeaning, "signals-1")
            .Body<SignalFlow>(FlowExamples.Signal)
            .Answers<Flow>(200, "The flow.", FlowExamples.Waiting)
            .AnswersReplay(200)
            .Fails(400, 404, 409, 413, 415);
        app.MapPost($"{OneFlow}:decide", DecideAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "DecideFlow")
            .Describe("decideFlow", Tag, "Answer what a flow asks", "A step of the kind `approval` that waits has the question. The first answer counts.")
            .FlowId()
            .Body<DecideFlow>(FlowExamples.Decide)
            .Answers<Flow>(200, "The flow.", FlowExamples.Waiting)
            .Fails(400, 404, 409, 413, 415);
        app.MapPost($"{OneFlow}:cancel", CancelAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "CancelFlow")
            .Describe("cancelFlow", Tag, "Cancel a flow", "The jobs that it waits for are cancelled, and what it has to make undone is undone; until then it is `cancelling`. One that is over stays as it is.")
            .FlowId()
            .Answers<Flow>(200, "The flow as it is now.", FlowExamples.Cancelled)
            .Fails(400, 404, 409);
        app.MapPost($"{OneFlow}:rerun", RerunAsync)
            .StandsFor(JobsV1.FlowsService.Descriptor, "RerunFlow")
            .Describe("rerunFlow", Tag, "Run a flow again", """
                A new flow with the input of one that is over, and with what its steps before a given one have come to: these are not done again, the others are, by the code as it is now. `getFlow` of it compares
                what each step has come to with the original.
                """)
            .FlowId()
            .Header(RequestValues.IdempotencyKey, KeyMeaning, "reruns-1")
            .Body<RerunFlow>(FlowExamples.Rerun)
            .Answers<Flow>(201, "The new flow.", FlowExamples.Rerunning)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the new flow is.", $"{Flows}/{FlowExamples.Rerunning.FlowId}")
            .AnswersReplay(201)
            .Fails(400, 404, 409, 413, 415);
    }

    private static async Task<IResult> StartAsync(HttpContext http, Client flows)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.StartFlow);
        var errors = new RequestErrors();
        var (owner, kind, input) = (errors.Required("ownerId", body.OwnerId, ""), errors.Required("kind", body.Kind, ""), errors.Required("input", body.Input));
        errors.ThrowIfAny();

        var request = new JobsV1.StartFlowRequest { OwnerId = owner, Kind = kind, Input = JobContents.ReadFlow(kind, input), IdempotencyKey = key };
        var response = await flows.StartFlowAsync(request, options);
        return Started(http, response.Flow, response.Replayed);
    }

    private static async Task<IResult> ListAsync(HttpContext http, Client flows)
    {
        var owner = http.QueryText("ownerId") ?? throw new InvalidRequestException("ownerId", "is required");
        var request = new JobsV1.ListFlowsRequest { OwnerId = owner, State = State(http), PageSize = http.QueryNumber("pageSize"), PageToken = http.QueryText("pageToken") ?? "" };
        var response = await flows.ListFlowsAsync(request, http.CallOptions());
        var page = new FlowPage { Flows = [.. response.Flows.Select(flow => flow.ToJson())], NextPageToken = Answers.Token(response.NextPageToken) };
        return ReaderPace.Json(http, page, GatewayJson.Default.FlowPage, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string flowId, HttpContext http, Client flows)
    {
        var response = await flows.GetFlowAsync(new JobsV1.GetFlowRequest { FlowId = flowId }, http.CallOptions());
        var details = new FlowDetails
        {
            Flow = response.Flow.ToJson(),
            Steps = [.. response.Steps.Select(step => step.ToJson())],
            Output = response.Flow.State == JobsV1.FlowState.Succeeded ? JobContents.WriteFlow(response.Flow.Kind, response.Output) : null,
        };
        return ReaderPace.Json(http, details, GatewayJson.Default.FlowDetails, response.CalculateSize());
    }

    private static async Task<IResult> SignalAsync(string flowId, HttpContext http, Client flows)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.SignalFlow);
        var errors = new RequestErrors();
        var name = errors.Required("name", body.Name, "");
        errors.ThrowIfAny();

        var request = new JobsV1.SignalFlowRequest { FlowId = flowId, Name = name, Payload = ByteString.CopyFrom(body.Payload ?? []), IdempotencyKey = key };
        var response = await flows.SignalFlowAsync(request, options);
        return Answers.Command(http, response.Flow.ToJson(), GatewayJson.Default.Flow, response.Replayed);
    }

    private static async Task<IResult> DecideAsync(string flowId, HttpContext http, Client flows)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.DecideFlow);
        var errors = new RequestErrors();
        var (name, approved) = (errors.Required("name", body.Name, ""), errors.Required("approved", body.Approved));
        errors.ThrowIfAny();

        var request = new JobsV1.DecideFlowRequest { FlowId = flowId, Name = name, Approved = approved, Comment = body.Comment ?? "" };
        return TypedResults.Json((await flows.DecideFlowAsync(request, options)).Flow.ToJson(), GatewayJson.Default.Flow);
    }

    private static async Task<IResult> CancelAsync(string flowId, HttpContext http, Client flows) =>
        TypedResults.Json((await flows.CancelFlowAsync(new JobsV1.CancelFlowRequest { FlowId = flowId }, http.CallOptions())).Flow.ToJson(), GatewayJson.Default.Flow);

    private static async Task<IResult> RerunAsync(string flowId, HttpContext http, Client flows)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.RerunFlow);
        var response = await flows.RerunFlowAsync(new JobsV1.RerunFlowRequest { FlowId = flowId, FromStep = body.FromStep ?? 0, IdempotencyKey = key }, options);
        return Started(http, response.Flow, response.Replayed);
    }

    private static IResult Started(HttpContext http, JobsV1.Flow flow, bool replayed)
    {
        http.Response.Headers.Location = $"{Flows}/{Uri.EscapeDataString(flow.FlowId)}";
        return Answers.Command(http, flow.ToJson(), GatewayJson.Default.Flow, replayed, StatusCodes.Status201Created);
    }

    private static JobsV1.FlowState State(HttpContext http) => http.QueryText("state") switch
    {
        null => JobsV1.FlowState.Unspecified,
        "running" => JobsV1.FlowState.Running,
        "waiting" => JobsV1.FlowState.Waiting,
        "undoing" => JobsV1.FlowState.Undoing,
        "succeeded" => JobsV1.FlowState.Succeeded,
        "failed" => JobsV1.FlowState.Failed,
        "cancelled" => JobsV1.FlowState.Cancelled,
        _ => throw new InvalidRequestException("state", "must be running, waiting, undoing, succeeded, failed or cancelled"),
    };
}
