using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microservices.Webhooks.V1;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;

namespace Microservices.Gateway.Rest;

/// <summary>The endpoints of webhooks over REST. What is sent to one is at <see cref="WebhookDeliveryRoutes"/>, and as events at <see cref="Events.EventRoutes"/>.</summary>
internal static class WebhookRoutes
{
    public const string Tag = "Webhooks";
    public const string Endpoints = "/v1/webhooks/endpoints";
    public const string OneEndpoint = $"{Endpoints}/{{endpointId}}";
    private const string Secret = "A secret is shown once, in this answer: keep it where only the receiver reads it.";

    public static void MapWebhooks(this WebApplication app)
    {
        app.MapPost(Endpoints, CreateAsync)
            .StandsFor(WebhooksService.Descriptor, "CreateEndpoint")
            .Describe("createWebhookEndpoint", Tag, "Create an endpoint", $"Messages are sent to it from now on, signed with its secret. {Secret} The same idempotency key with the same body gives the same endpoint again, without the secret; with another body it is a conflict. 429, reason `TOO_MANY_ENDPOINTS`, when the owner has 10 already.")
            .Header(RequestValues.IdempotencyKey, "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.", "hooks-1")
            .Body<CreateWebhookEndpoint>(WebhookExamples.Create)
            .Answers<WebhookEndpointWithSecret>(201, "The endpoint as created. The header Idempotency-Replayed says that it was created by an earlier request.", WebhookExamples.WithSecret)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the endpoint is.", $"{Endpoints}/{WebhookExamples.Endpoint.EndpointId}")
            .AnswersReplay(201)
            .Fails(400, 409, 413, 415);
        app.MapGet(Endpoints, ListAsync)
            .StandsFor(WebhooksService.Descriptor, "ListEndpoints")
            .Describe("listWebhookEndpoints", Tag, "List the endpoints of an owner", "All of them, oldest first. An owner who has none, or does not exist, has an empty list.")
            .Query("ownerId", JsonSchemas.Text, "Required: the user whose they are; `@everyone` for those that get every user's events.", WebhookExamples.Endpoint.OwnerId)
            .Answers<WebhookEndpointList>(200, "The endpoints.", WebhookExamples.List)
            .Fails(400);
        app.MapGet(OneEndpoint, GetAsync)
            .StandsFor(WebhooksService.Descriptor, "GetEndpoint")
            .Describe("getWebhookEndpoint", Tag, "Get an endpoint", "The endpoint as last changed.")
            .EndpointId()
            .Answers<WebhookEndpoint>(200, "The endpoint.", WebhookExamples.Endpoint)
            .Fails(400, 404);
        app.MapPatch(OneEndpoint, UpdateAsync)
            .StandsFor(WebhooksService.Descriptor, "UpdateEndpoint")
            .Describe("updateWebhookEndpoint", Tag, "Change an endpoint", "Changes the fields that the body has. The version in the body says what the change is based on: if the endpoint has changed since, it is a conflict.")
            .EndpointId()
            .Body<UpdateWebhookEndpoint>(WebhookExamples.Update)
            .Answers<WebhookEndpoint>(200, "The endpoint as changed.", WebhookExamples.Endpoint)
            .Fails(400, 404, 409, 413, 415);
        app.MapDelete(OneEndpoint, DeleteAsync)
            .StandsFor(WebhooksService.Descriptor, "DeleteEndpoint")
            .Describe("deleteWebhookEndpoint", Tag, "Delete an endpoint", "With its secrets and deliveries. An attempt that is under way may still arrive.")
            .EndpointId()
            .AnswersNothing(204, "It is deleted.")
            .Fails(400, 404);
        app.MapPost($"{OneEndpoint}:rotateSecret", RotateAsync)
            .StandsFor(WebhooksService.Descriptor, "RotateSecret")
            .Describe("rotateWebhookSecret", Tag, "Give an endpoint a new secret", $"It signs from now on, and the old ones sign beside it for a while, so that the receiver may change over when it likes. {Secret} 422, reason `TOO_MANY_SECRETS`, when that would be more than 3 at a time.")
            .EndpointId()
            .Body<RotateWebhookSecret>(WebhookExamples.Rotate)
            .Answers<WebhookEndpointWithSecret>(200, "The endpoint with its new secret.", WebhookExamples.WithSecret)
            .Fails(400, 404, 409, 413, 415, 422);
        app.MapPost($"{OneEndpoint}:ping", PingAsync)
            .StandsFor(WebhooksService.Descriptor, "PingEndpoint")
            .Describe("pingWebhookEndpoint", Tag, "Send a ping to an endpoint", "A message of the type `webhook.ping`, whatever the endpoint's event types: its delivery tells what came of it. 422, reason `ENDPOINT_DISABLED`, when the endpoint is disabled; 429, reason `PING_PENDING`, while an earlier ping waits.")
            .EndpointId()
            .Answers<WebhookDelivery>(200, "The delivery, which is pending.", WebhookExamples.Ping)
            .Fails(400, 404, 422);
        app.MapWebhookDeliveries();
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Client webhooks)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.CreateWebhookEndpoint);
        var errors = new RequestErrors();
        var request = new CreateEndpointRequest
        {
            OwnerId = errors.Required("ownerId", body.OwnerId, ""),
            Url = errors.Required("url", body.Url, ""),
            Description = body.Description ?? "",
            Ordered = body.Ordered ?? false,
            IdempotencyKey = key,
        };
        request.EventTypes.AddRange(errors.Texts("eventTypes", body.EventTypes ?? []));
        errors.ThrowIfAny();

        var response = await webhooks.CreateEndpointAsync(request, options);
        http.Response.Headers.Location = $"{Endpoints}/{Uri.EscapeDataString(response.Endpoint.EndpointId)}";
        http.Response.Headers.CacheControl = "no-store";
        var created = new WebhookEndpointWithSecret { Endpoint = response.Endpoint.ToJson(), Secret = WebhookMapping.OrAbsent(response.Secret) };
        return Answers.Command(http, created, GatewayJson.Default.WebhookEndpointWithSecret, response.Replayed, StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext http, Client webhooks)
    {
        var owner = http.QueryText("ownerId") ?? throw new InvalidRequestException("ownerId", "is required");
        var response = await webhooks.ListEndpointsAsync(new ListEndpointsRequest { OwnerId = owner }, http.CallOptions());
        var list = new WebhookEndpointList { Endpoints = [.. response.Endpoints.Select(endpoint => endpoint.ToJson())] };
        return ReaderPace.Json(http, list, GatewayJson.Default.WebhookEndpointList, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var response = await webhooks.GetEndpointAsync(new GetEndpointRequest { EndpointId = endpointId }, http.CallOptions());
        return TypedResults.Json(response.Endpoint.ToJson(), GatewayJson.Default.WebhookEndpoint);
    }

    private static async Task<IResult> UpdateAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.UpdateWebhookEndpoint);
        var errors = new RequestErrors();
        var request = new UpdateEndpointRequest { EndpointId = endpointId, Version = errors.Required("version", body.Version) };
        if (body.Url is { } url)
            request.Url = url;
        if (body.Description is { } description)
            request.Description = description;
        if (body.EventTypes is { } types)
            request.EventTypes = new EventTypes { Types_ = { errors.Texts("eventTypes", types) } };
        if (body.Ordered is { } ordered)
            request.Ordered = ordered;
        if (body.Enabled is { } enabled)
            request.Enabled = enabled;
        if (body is { Url: null, Description: null, EventTypes: null, Ordered: null, Enabled: null })
            errors.Add("$", "must have one or more of url, description, eventTypes, ordered and enabled");
        errors.ThrowIfAny();

        var response = await webhooks.UpdateEndpointAsync(request, options);
        return TypedResults.Json(response.Endpoint.ToJson(), GatewayJson.Default.WebhookEndpoint);
    }

    private static async Task<IResult> DeleteAsync(string endpointId, HttpContext http, Client webhooks)
    {
        await webhooks.DeleteEndpointAsync(new DeleteEndpointRequest { EndpointId = endpointId }, http.CallOptions());
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RotateAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.RotateWebhookSecret);
        var request = new RotateSecretRequest { EndpointId = endpointId, Overlap = body.OverlapSeconds is { } seconds ? new Duration { Seconds = seconds } : null };
        var response = await webhooks.RotateSecretAsync(request, options);
        http.Response.Headers.CacheControl = "no-store";
        var rotated = new WebhookEndpointWithSecret { Endpoint = response.Endpoint.ToJson(), Secret = response.Secret };
        return TypedResults.Json(rotated, GatewayJson.Default.WebhookEndpointWithSecret);
    }

    private static async Task<IResult> PingAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var response = await webhooks.PingEndpointAsync(new PingEndpointRequest { EndpointId = endpointId }, http.CallOptions());
        return TypedResults.Json(response.Delivery.ToJson(), GatewayJson.Default.WebhookDelivery);
    }
}
