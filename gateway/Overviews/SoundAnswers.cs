using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Gateway.Errors;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Users.V1;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Gateway.Overviews;

/// <summary>
/// Whether a service's answer is one: the thing asked for, of whom it was asked for, with values that can be written down. One that is
/// not fails its part, as an error of that service; it must not get as far as the answer that the other parts are in.
/// </summary>
internal static class SoundAnswers
{
    private const int NanosPerUnit = 1_000_000_000;

    /// <exception cref="StatusException">INTERNAL: it is not.</exception>
    public static User Check(User? user, string userId) =>
        user is not null && user.UserId == userId && IsSound(user.CreateTime) && IsSound(user.UpdateTime) ? user : throw Malformed();

    /// <exception cref="StatusException">INTERNAL: it is not.</exception>
    public static IReadOnlyList<Order> Check(IReadOnlyList<Order>? orders, string userId)
    {
        if (orders is null)
            throw Malformed();
        for (var i = 0; i < orders.Count; i++)
        {
            if (!IsSound(orders[i], userId))
                throw Malformed();
        }

        return orders;
    }

    /// <summary>What is known already, if that is what the service means.</summary>
    /// <exception cref="StatusException">INTERNAL: it is not.</exception>
    public static Answer<T> Known<T>(Answer<T>? known, ulong etag)
        where T : class =>
        known is not null && known.ETag == etag && etag != 0 ? known : throw Malformed();

    private static bool IsSound(Order order, string userId)
    {
        if (order.UserId != userId || !IsSound(order.Total) || !IsSound(order.PlaceTime) || !IsSound(order.UpdateTime))
            return false;
        for (var i = 0; i < order.Lines.Count; i++)
        {
            if (!IsSound(order.Lines[i].UnitPrice) || !IsSound(order.Lines[i].Total))
                return false;
        }

        return true;
    }

    // A field that a message lacks is its zero, as always in proto3.
    private static bool IsSound(ProtoMoney? money) => money is null || money.Nanos is > -NanosPerUnit and < NanosPerUnit;

    private static bool IsSound(Timestamp? time) =>
        time is null || (time.Seconds is >= -62_135_596_800 and <= 253_402_300_799 && time.Nanos is >= 0 and < NanosPerUnit);

    /// <summary>INTERNAL: it is more than the gateway is willing to hold for one part.</summary>
    public static StatusException TooLarge() =>
        new(GatewayErrors.Domain.Other(StatusCode.Internal, "PART_TOO_LARGE", "A service behind the gateway gave more than a part may be."));

    private static StatusException Malformed() =>
        new(GatewayErrors.Domain.Other(StatusCode.Internal, "UPSTREAM_MALFORMED", "A service behind the gateway gave an answer that is none."));
}
