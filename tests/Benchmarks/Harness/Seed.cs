using System.Collections.Concurrent;
using Google.Type;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>Users and orders to measure with.</summary>
internal static class Seed
{
    /// <summary>Makes users, and returns their ids in random order.</summary>
    public static async Task<string[]> UsersAsync(string address, int count, CancellationToken cancellationToken)
    {
        Console.WriteLine($"Making {count:N0} users");
        using var channel = Tokens.Channel(address, LoadToken.Value);
        var users = new UsersService.UsersServiceClient(channel);
        var ids = new ConcurrentBag<string>();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (i, cancel) =>
            ids.Add((await users.CreateUserAsync(new CreateUserRequest { DisplayName = $"User {i}", Email = $"user{i}@example.com" }, cancellationToken: cancel)).User.UserId));
        var all = ids.ToArray();
        Random.Shared.Shuffle(all);
        return all;
    }

    /// <summary>Places so many orders for each of the users.</summary>
    public static async Task OrdersAsync(string address, IReadOnlyCollection<string> users, int ofEach, CancellationToken cancellationToken)
    {
        Console.WriteLine($"Placing {users.Count * ofEach:N0} orders");
        using var channel = Tokens.Channel(address, LoadToken.Value);
        using var stream = new OrdersService.OrdersServiceClient(channel).PlaceOrders(cancellationToken: cancellationToken);
        var placing = PlaceAsync();
        await AllPlacedAsync(stream.ResponseStream, cancellationToken);
        await placing;

        async Task PlaceAsync()
        {
            foreach (var id in users)
            {
                for (var i = 0; i < ofEach; i++)
                    await stream.RequestStream.WriteAsync(new PlaceOrdersRequest { Reference = "r", Command = Order(id, i + 1) }, cancellationToken);
            }

            await stream.RequestStream.CompleteAsync();
        }
    }

    /// <summary>Reads the answers to the end.</summary>
    /// <exception cref="InvalidOperationException">An order was refused.</exception>
    public static async Task AllPlacedAsync(IAsyncStreamReader<PlaceOrdersResponse> answers, CancellationToken cancellationToken = default)
    {
        await foreach (var answer in answers.ReadAllAsync(cancellationToken))
        {
            if (answer.Error is { } error)
                throw new InvalidOperationException($"An order was refused: {error}");
        }
    }

    /// <summary>An order of one line.</summary>
    public static PlaceOrderRequest Order(string userId, int quantity) => new()
    {
        UserId = userId,
        Lines = { new OrderLine { ProductId = "tea", Quantity = quantity, UnitPrice = new Money { CurrencyCode = "EUR", Units = 6, Nanos = 250_000_000 } } },
    };
}
