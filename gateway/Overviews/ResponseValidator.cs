using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Checks what services answer: it must be about the user that was asked for, with values that JSON can represent. A response that is not valid
/// fails its part, as an error of that service, and does not spoil the other parts.
/// </summary>
internal static class ResponseValidator
{
    private const int NanosPerUnit = 1_000_000_000;

    /// <summary>Returns the user if it is valid.</summary>
    /// <exception cref="StatusException">INTERNAL: it is not.</exception>
    public static User Check(User? user, string userId) =>
        user is not null && user.UserId == userId && IsValid(user.CreateTime) && IsValid(user.UpdateTime) ? user : throw Malformed();

    /// <summary>Returns the orders if they are valid.</summary>
    /// <exception cref="StatusException">INTERNAL: they are not.</exception>
    public static LatestOrders Check(LatestOrders? latest, string userId)
    {
        if (latest is null)
            throw Malformed();
        for (var i = 0; i < latest.Orders.Count; i++)
        {
            if (!IsValid(latest.Orders[i], userId))
                throw Malformed();
        }

        return latest;
    }

    /// <summary>Returns the cached response if the service meant that one by "unchanged".</summary>
    /// <exception cref="StatusException">INTERNAL: it is not.</exception>
    public static Answer<T> Unchanged<T>(Answer<T>? cached, ulong etag)
        where T : class =>
        cached is not null && cached.ETag == etag && etag != 0 ? cached : throw Malformed();

    private static bool IsValid(Order order, string userId)
    {
        if (order.UserId != userId || !IsValid(order.Total) || !IsValid(order.PlaceTime) || !IsValid(order.UpdateTime))
            return false;
        for (var i = 0; i < order.Lines.Count; i++)
        {
            if (!IsValid(order.Lines[i].UnitPrice) || !IsValid(order.Lines[i].Total))
                return false;
        }

        return true;
    }

    // A field that a message lacks is its zero, as always in proto3.
    private static bool IsValid(ProtoMoney? money) => money is null || money.Nanos is > -NanosPerUnit and < NanosPerUnit;

    private static bool IsValid(Timestamp? time) =>
        time is null || (time.Seconds is >= -62_135_596_800 and <= 253_402_300_799 && time.Nanos is >= 0 and < NanosPerUnit);

    /// <summary>INTERNAL: the response is larger than a part may be.</summary>
    public static StatusException TooLarge() =>
        new(GatewayErrors.Domain.Other(StatusCode.Internal, "PART_TOO_LARGE", "A service behind the gateway answered with more than a part may have."));

    private static StatusException Malformed() =>
        new(GatewayErrors.Domain.Other(StatusCode.Internal, "UPSTREAM_MALFORMED", "A service behind the gateway answered with something invalid."));
}
