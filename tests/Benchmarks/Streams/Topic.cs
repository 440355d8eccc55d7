using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Type;
using Microservices.Orders.V1;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>A topic is a user, an event an order of theirs. Its version is its number in the topic, its time the time at which it was due.</summary>
internal static class Topic
{
    /// <summary>The user of the topic with that number.</summary>
    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"user-{number}");

    /// <summary>What is sent by every transport.</summary>
    public static byte[] Encode(int topic, long sequence, long due)
    {
        var at = Timestamp.FromDateTime(new System.DateTime(due, DateTimeKind.Utc));
        var price = new Money { CurrencyCode = "EUR", Units = 10, Nanos = 250_000_000 };
        return new OrderEvent
        {
            Kind = OrderEventKind.Placed,
            Order = new Order
            {
                OrderId = Guid.CreateVersion7().ToString(),
                UserId = Name(topic),
                State = OrderState.Placed,
                Lines = { new OrderLine { ProductId = "tea", Quantity = 1, UnitPrice = price, Total = price } },
                Total = price,
                Version = sequence,
                PlaceTime = at,
                UpdateTime = at,
            },
            Time = at,
        }.ToByteArray();
    }
}
