using System.Collections.Concurrent;
using Google.Type;
using Grpc.Net.Client;
using Microservices.Orders.V1;

namespace Microservices.Tests.EndToEnd.Chaos;

/// <summary>Orders that are placed, paid and shipped one after the other, or cancelled, at Orders that nobody kills: every change of each is known. Thread-safe.</summary>
/// <param name="channel">To Orders, with an operator's token.</param>
/// <param name="happened">Told of each change, once it is answered: whose order, which, and its version.</param>
public sealed class OrderLives(GrpcChannel channel, Action<string, string, long> happened)
{
    private readonly OrdersService.OrdersServiceClient client = new(channel);
    private readonly ConcurrentDictionary<string, byte> orders = [];

    /// <summary>How many orders there are.</summary>
    public int Count => orders.Count;

    /// <summary>Has some users order one after the other until cancelled, each so many a second.</summary>
    public Task RunAsync(IEnumerable<string> users, double perSecond, CancellationToken until) => Task.WhenAll(users.Select(async (user, i) =>
    {
        var random = new Random(RandomFaults.Seed + i);
        while (!until.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 * random.NextDouble() / perSecond), CancellationToken.None);
            await LiveAsync(user, random);
        }
    }));

    /// <summary>The life of one order.</summary>
    public async Task LiveAsync(string user, Random random)
    {
        var placing = new PlaceOrderRequest
        {
            UserId = user,
            IdempotencyKey = Guid.NewGuid().ToString(),
            Lines = { new OrderLine { ProductId = "tea", Quantity = 1, UnitPrice = new Money { CurrencyCode = "EUR", Units = 5 } } },
        };
        var order = (await client.PlaceOrderAsync(placing)).Order;
        orders[order.OrderId] = 0;
        happened(user, order.OrderId, order.Version);
        foreach (var state in (OrderState[])[OrderState.Paid, OrderState.Shipped])
        {
            await Task.Delay(random.Next(20), CancellationToken.None);
            if (random.Next(10) == 0)
            {
                happened(user, order.OrderId, (await client.CancelOrderAsync(new CancelOrderRequest { OrderId = order.OrderId })).Order.Version);
                return;
            }

            happened(user, order.OrderId, (await client.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = order.OrderId, State = state })).Order.Version);
        }
    }
}
