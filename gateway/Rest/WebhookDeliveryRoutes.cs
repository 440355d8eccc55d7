using Microservices.Gateway.Events;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microservices.Webhooks.V1;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;

namespace Microservices.Gateway.Rest;

/// <summary>What is sent to the endpoints of webhooks, over REST.</summary>
internal static class WebhookDeliveryRoutes
{
    public static void MapWebhookDeliveries(this WebApplication app)
    {
        app.MapGet($"{WebhookRoutes.OneEndpoint}/deliveries", ListAsync)
            .StandsFor(WebhooksService.Descriptor, "ListDeliveries")
            .Describe("listWebhookDeliveries", WebhookRoutes.Tag, "List the deliveries of an endpoint", "Newest first, page by page, for 30 days.")
            .EndpointId()
            .Page()
            .Query("state", JsonSchemas.OneOf("pending", "delivered", "failed"), "Only those in this state; all when absent.", "failed")
            .Answers<WebhookDeliveryPage>(200, "A page of deliveries.", WebhookExamples.Page)
            .Fails(400, 404);
        app.MapGet("/v1/webhooks/deliveries/{deliveryId}", GetAsync)
            .StandsFor(WebhooksService.Descriptor, "GetDelivery")
            .Describe("getWebhookDelivery", WebhookRoutes.Tag, "Get a delivery", "With the body that it sends, and what its latest attempts were answered.")
            .DeliveryId()
            .Answers<WebhookDeliveryDetails>(200, "The delivery.", WebhookExamples.Details)
            .Fails(400, 404);
        app.MapPost($"{WebhookRoutes.OneEndpoint}:replay", ReplayAsync)
            .StandsFor(WebhooksService.Descriptor, "ReplayDeliveries")
            .Describe("replayWebhooks", WebhookRoutes.Tag, "Send messages again", "Those that are named, or those after one cursor up to another, whether they were delivered or given up. They keep their ids, and have all their attempts again. 404, and nothing is sent, when one that is named is not there.")
            .EndpointId()
            .Body<ReplayWebhooks>(WebhookExamples.Replay)
            .Answers<ReplayedWebhooks>(200, "How many are sent again.", WebhookExamples.Replayed)
            .Fails(400, 404, 409, 413, 415);
        app.MapPost($"{WebhookRoutes.OneEndpoint}:confirm", ConfirmAsync)
            .StandsFor(WebhooksService.Descriptor, "ConfirmDeliveries")
            .Describe("confirmWebhooks", WebhookRoutes.Tag, "Say what the receiver has", "What is pending up to a cursor counts as delivered and is not sent, and what else waits is sent at once: for a receiver that has read it elsewhere, as `watchWebhookEvents` gives it.")
            .EndpointId()
            .Body<ConfirmWebhooks>(WebhookExamples.Confirm)
            .Answers<ConfirmedWebhooks>(200, "How many count as delivered now.", WebhookExamples.Confirmed)
            .Fails(400, 404, 409, 413, 415);
    }

    private static async Task<IResult> ListAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var request = new ListDeliveriesRequest { EndpointId = endpointId, State = State(http), PageSize = http.QueryNumber("pageSize"), PageToken = http.QueryText("pageToken") ?? "" };
        var response = await webhooks.ListDeliveriesAsync(request, http.CallOptions());
        var page = new WebhookDeliveryPage
        {
            Deliveries = [.. response.Deliveries.Select(delivery => delivery.ToJson())],
            NextPageToken = Answers.Token(response.NextPageToken),
        };
        return ReaderPace.Json(http, page, GatewayJson.Default.WebhookDeliveryPage, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string deliveryId, HttpContext http, Client webhooks)
    {
        var response = await webhooks.GetDeliveryAsync(new GetDeliveryRequest { DeliveryId = deliveryId }, http.CallOptions());
        return ReaderPace.Json(http, response.ToJson(), GatewayJson.Default.WebhookDeliveryDetails, response.CalculateSize());
    }

    private static async Task<IResult> ReplayAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.ReplayWebhooks);
        var errors = new RequestErrors();
        var request = new ReplayDeliveriesRequest { EndpointId = endpointId, After = EndpointEvents.CursorOf(body.After ?? ""), Until = body.Until ?? "" };
        request.DeliveryIds.AddRange(errors.Texts("deliveryIds", body.DeliveryIds ?? []));
        errors.ThrowIfAny();
        var response = await webhooks.ReplayDeliveriesAsync(request, options);
        return TypedResults.Json(new ReplayedWebhooks { Count = response.Count, Next = WebhookMapping.OrAbsent(response.Next) }, GatewayJson.Default.ReplayedWebhooks);
    }

    private static async Task<IResult> ConfirmAsync(string endpointId, HttpContext http, Client webhooks)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.ConfirmWebhooks);
        var errors = new RequestErrors();
        var request = new ConfirmDeliveriesRequest { EndpointId = endpointId, Cursor = EndpointEvents.CursorOf(errors.Required("cursor", body.Cursor, "")) };
        errors.ThrowIfAny();
        var response = await webhooks.ConfirmDeliveriesAsync(request, options);
        return TypedResults.Json(new ConfirmedWebhooks { Count = response.Count }, GatewayJson.Default.ConfirmedWebhooks);
    }

    private static DeliveryState State(HttpContext http) => http.QueryText("state") switch
    {
        null => DeliveryState.Unspecified,
        "pending" => DeliveryState.Pending,
        "delivered" => DeliveryState.Delivered,
        "failed" => DeliveryState.Failed,
        _ => throw new InvalidRequestException("state", "must be one of pending, delivered, failed"),
    };
}
