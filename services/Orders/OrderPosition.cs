using System.Globalization;
using Microservices.Hosting.Errors;

namespace Microservices.Orders;

/// <summary>Where an order is among those of its user: by the time it was placed, then by id. Neither ever changes.</summary>
internal static class OrderPosition
{
    public static string Of(Order order) => string.Create(CultureInfo.InvariantCulture, $"{order.PlaceTime.UtcTicks} {order.OrderId}");

    /// <summary>False for anything that <see cref="Of"/> did not return.</summary>
    public static bool TryParse(string position, out DateTimeOffset time, out string orderId)
    {
        (time, orderId) = (default, "");
        if (position.Split(' ') is not [var first, var id] || !FieldViolations.IsId(id)
            || !long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTime.MaxValue.Ticks)
            return false;
        (time, orderId) = (new DateTimeOffset(ticks, TimeSpan.Zero), id);
        return true;
    }
}
