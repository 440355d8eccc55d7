using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microservices.Webhooks.V1;
using Client = Microservices.Webhooks.V1.SourcesService.SourcesServiceClient;

namespace Microservices.Gateway.Rest;

/// <summary>The sources of webhooks and what they have received over REST; as events it is at <see cref="Events.EventRoutes"/>, and comes in at <see cref="ReceiveRoutes"/>.</summary>
internal static class WebhookSourceRoutes
{
    public const string Sources = "/v1/webhooks/sources";
    public const string OneSource = $"{Sources}/{{sourceId}}";
    private const string Secret = "A secret that is made here is shown once, in this answer.";

    public static void MapWebhookSources(this WebApplication app)
    {
        app.MapPost(Sources, CreateAsync)
            .StandsFor(SourcesService.Descriptor, "CreateSource")
            .Describe("createWebhookSource", WebhookRoutes.Tag, "Create a source", $"""
                Its sender POSTs webhooks to its `path` from now on, and signs them with its secret as Standard Webhooks, GitHub or Stripe does. {Secret} What is rightly signed, and at most 48 KiB, is stored and then answered 204; a signature that is not right, or signs a time that is more than 5 min off, is answered
                401, and more than 20 requests a second, or 500 at once, 429. What a source has already is answered 204 and stored once. It is kept for 30 days, and as far as it fits in 32 MiB, each message counted as its body and 1 KiB; it is an event, and is sent to the owner's endpoints that want
                `webhook.received`. The same idempotency key with the same body gives the same source again, without the secret; with another body it is a conflict. 429, reason `TOO_MANY_SOURCES`, when the owner has 10 already.
                """)
            .Header(RequestValues.IdempotencyKey, "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.", "sources-1")
            .Body<CreateWebhookSource>(WebhookSourceExamples.Create)
            .Answers<WebhookSourceWithSecret>(201, "The source as created. The header Idempotency-Replayed says that it was created by an earlier request.", WebhookSourceExamples.WithSecret)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the source is.", $"{Sources}/{WebhookSourceExamples.Source.SourceId}")
            .AnswersReplay(201)
            .Fails(400, 409, 413, 415);
        app.MapGet(Sources, ListAsync)
            .StandsFor(SourcesService.Descriptor, "ListSources")
            .Describe("listWebhookSources", WebhookRoutes.Tag, "List the sources of an owner", "All of them, oldest first. An owner who has none, or does not exist, has an empty list.")
            .Query("ownerId", JsonSchemas.Text, "Required: the user whose they are.", WebhookSourceExamples.Source.OwnerId)
            .Answers<WebhookSourceList>(200, "The sources.", WebhookSourceExamples.List)
            .Fails(400);
        app.MapGet(OneSource, GetAsync)
            .StandsFor(SourcesService.Descriptor, "GetSource")
            .Describe("getWebhookSource", WebhookRoutes.Tag, "Get a source", "The source with the secrets that are good now, but for their values.")
            .SourceId()
            .Answers<WebhookSource>(200, "The source.", WebhookSourceExamples.Source)
            .Fails(400, 404);
        app.MapDelete(OneSource, DeleteAsync)
            .StandsFor(SourcesService.Descriptor, "DeleteSource")
            .Describe("deleteWebhookSource", WebhookRoutes.Tag, "Delete a source", "With its secrets and all that it has received.")
            .SourceId()
            .AnswersNothing(204, "It is deleted.")
            .Fails(400, 404);
        app.MapPost($"{OneSource}:rotateSecret", RotateAsync)
            .StandsFor(SourcesService.Descriptor, "RotateSourceSecret")
            .Describe("rotateWebhookSourceSecret", WebhookRoutes.Tag, "Give a source a new secret", $"It is good from now on, and the old ones are good beside it for a while, so that the sender may change over when it likes. {Secret} 422, reason `TOO_MANY_SECRETS`, when that would be more than 3 at a time.")
            .SourceId()
            .Body<RotateWebhookSourceSecret>(WebhookSourceExamples.Rotate)
            .Answers<WebhookSourceWithSecret>(200, "The source with its new secret.", WebhookSourceExamples.WithSecret)
            .Fails(400, 404, 409, 413, 415, 422);
        app.MapGet($"{OneSource}/received", ListReceivedAsync)
            .StandsFor(SourcesService.Descriptor, "ListReceived")
            .Describe("listReceivedWebhooks", WebhookRoutes.Tag, "List what a source has received", "Newest first, page by page, without the bodies.")
            .SourceId()
            .Page()
            .Answers<ReceivedWebhookPage>(200, "A page of messages.", WebhookSourceExamples.Page)
            .Fails(400, 404);
        app.MapGet("/v1/webhooks/received/{receivedId}", GetReceivedAsync)
            .StandsFor(SourcesService.Descriptor, "GetReceived")
            .Describe("getReceivedWebhook", WebhookRoutes.Tag, "Get a message that was received", "With its body, the bytes as they came.")
            .ReceivedId()
            .Answers<ReceivedWebhook>(200, "The message.", WebhookSourceExamples.Received)
            .Fails(400, 404);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Client sources)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.CreateWebhookSource);
        var errors = new RequestErrors();
        var request = new CreateSourceRequest
        {
            OwnerId = errors.Required("ownerId", body.OwnerId, ""),
            Kind = errors.Required("kind", body.Kind).ToKind(),
            Description = body.Description ?? "",
            Secret = body.Secret ?? "",
            IdempotencyKey = key,
        };
        errors.ThrowIfAny();

        var response = await sources.CreateSourceAsync(request, options);
        http.Response.Headers.Location = $"{Sources}/{Uri.EscapeDataString(response.Source.SourceId)}";
        http.Response.Headers.CacheControl = "no-store";
        return Answers.Command(http, WithSecret(response.Source, response.Secret), GatewayJson.Default.WebhookSourceWithSecret, response.Replayed, StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext http, Client sources)
    {
        var owner = http.QueryText("ownerId") ?? throw new InvalidRequestException("ownerId", "is required");
        var response = await sources.ListSourcesAsync(new ListSourcesRequest { OwnerId = owner }, http.CallOptions());
        var list = new WebhookSourceList { Sources = [.. response.Sources.Select(source => source.ToJson())] };
        return ReaderPace.Json(http, list, GatewayJson.Default.WebhookSourceList, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string sourceId, HttpContext http, Client sources)
    {
        var response = await sources.GetSourceAsync(new GetSourceRequest { SourceId = sourceId }, http.CallOptions());
        return TypedResults.Json(response.Source.ToJson(), GatewayJson.Default.WebhookSource);
    }

    private static async Task<IResult> DeleteAsync(string sourceId, HttpContext http, Client sources)
    {
        await sources.DeleteSourceAsync(new DeleteSourceRequest { SourceId = sourceId }, http.CallOptions());
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RotateAsync(string sourceId, HttpContext http, Client sources)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.RotateWebhookSourceSecret);
        var request = new RotateSourceSecretRequest { SourceId = sourceId, Secret = body.Secret ?? "", Overlap = body.OverlapSeconds is { } seconds ? new Duration { Seconds = seconds } : null };
        var response = await sources.RotateSourceSecretAsync(request, options);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(WithSecret(response.Source, response.Secret), GatewayJson.Default.WebhookSourceWithSecret);
    }

    private static async Task<IResult> ListReceivedAsync(string sourceId, HttpContext http, Client sources)
    {
        var request = new ListReceivedRequest { SourceId = sourceId, PageSize = http.QueryNumber("pageSize"), PageToken = http.QueryText("pageToken") ?? "" };
        var response = await sources.ListReceivedAsync(request, http.CallOptions());
        var page = new ReceivedWebhookPage
        {
            Received = [.. response.Received.Select(message => message.ToJson())],
            NextPageToken = Answers.Token(response.NextPageToken),
        };
        return ReaderPace.Json(http, page, GatewayJson.Default.ReceivedWebhookPage, response.CalculateSize());
    }

    private static async Task<IResult> GetReceivedAsync(string receivedId, HttpContext http, Client sources)
    {
        var response = await sources.GetReceivedAsync(new GetReceivedRequest { ReceivedId = receivedId }, http.CallOptions());
        return ReaderPace.Json(http, response.Received.ToJson(), GatewayJson.Default.ReceivedWebhook, response.CalculateSize());
    }

    private static WebhookSourceWithSecret WithSecret(Source source, string secret) => new() { Source = source.ToJson(), Secret = WebhookMapping.OrAbsent(secret) };
}
