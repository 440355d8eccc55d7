using Grpc.Core;
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

    /// <summary>Also for one that is another user's.</summary>
    public static Status SourceNotFound(string sourceId) => Domain.NotFound("webhooks.v1.Source", sourceId);

    /// <summary>Also for one that is another user's.</summary>
    public static Status ReceivedNotFound(string receivedId) => Domain.NotFound("webhooks.v1.ReceivedMessage", receivedId);

    /// <summary>It is not signed, or not by who should have.</summary>
    public static Status SignatureInvalid => Domain.Other(StatusCode.Unauthenticated, "SIGNATURE_INVALID", "The signature is not that of this source's sender over this body.");

    /// <summary>It was signed too long ago, or is of a time to come.</summary>
    public static Status SignatureStale => Domain.Other(StatusCode.Unauthenticated, "SIGNATURE_STALE", "The time that is signed is more than 5 minutes off.");

    /// <summary>Also for one that is another user's, or another endpoint's.</summary>
    public static Status DeliveryNotFound(string deliveryId) => Domain.NotFound("webhooks.v1.Delivery", deliveryId);
}
