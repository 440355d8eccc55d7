using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Webhooks;

/// <summary>The errors of this service.</summary>
internal static class WebhooksErrors
{
    public const string EndpointType = "webhooks.v1.Endpoint";

    public static readonly ErrorDomain Domain = new("webhooks.v1");

    /// <summary>Also for one that is another user's: the caller does not learn that it exists.</summary>
    public static Status EndpointNotFound(string endpointId) => Domain.NotFound(EndpointType, endpointId);

    /// <summary>Also for one that is another user's, or another endpoint's.</summary>
    public static Status DeliveryNotFound(string deliveryId) => Domain.NotFound("webhooks.v1.Delivery", deliveryId);
}
