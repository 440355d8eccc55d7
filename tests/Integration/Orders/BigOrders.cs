using Microservices.Orders;
using Microservices.Orders.V1;
using Microservices.Topics;

namespace Microservices.Tests.Integration.Orders;

/// <summary>Orders of many lines, put into the database as they would have been placed a day ago, two of each second.</summary>
internal static class BigOrders
{
    public static Task<int> AddAsync(OrdersDbContext database, string user, int count, int lines)
    {
        var first = new DateTimeOffset(DateTimeOffset.UtcNow.AddDays(-1).Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
        for (var i = 0; i < count; i++)
        {
            database.Orders.Add(new Microservices.Orders.Order
            {
                OrderId = $"{Guid.NewGuid()}",
                UserId = user,
                Partition = KeyedTopics.PartitionOf(user),
                State = OrderState.Placed,
                CurrencyCode = "EUR",
                Lines = [.. Enumerable.Range(0, lines).Select(line => new Microservices.Orders.OrderLine($"{new string('x', 60)}{line:0000}", 1_000, 123_456.75m, 9, 123_345_638.93m))],
                Total = 123_345_638.93m * lines,
                Version = 1,
                PlaceTime = first.AddSeconds(i / 2),
                UpdateTime = first.AddSeconds(i / 2),
            });
        }

        return database.SaveChangesAsync();
    }
}
