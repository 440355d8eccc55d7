using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Orders;

/// <summary>The errors of this service.</summary>
internal static class OrderErrors
{
    public const string Type = "orders.v1.Order";

    public static readonly ErrorDomain Domain = new("orders.v1");

    public static Status NotFound(string orderId) => Domain.NotFound(Type, orderId);

    public static Status UserNotFound(string userId) =>
        Domain.FailedPrecondition("USER_NOT_FOUND", userId, $"There is no user with id '{userId}'.");
}
