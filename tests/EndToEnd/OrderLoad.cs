using System.Collections.Concurrent;
using Google.Type;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.EndToEnd;

/// <summary>
/// Places orders at a rate over PlaceOrders, whatever happens to the replicas: a stream that is told to leave is ended in good order; what
/// was not answered is sent again, with the same idempotency key, to the next replica. Knows every event that must come of it.
/// </summary>
/// <param name="replicas">The gRPC addresses of Orders.</param>
/// <param name="users">Who orders, in turn.</param>
/// <param name="payOneIn">One in so many is paid; only where no replica is killed. 0: none.</param>
/// <param name="channelTo">Makes a channel with an operator's token; null: of the tests' authority.</param>
public sealed class OrderLoad(IReadOnlyList<string> replicas, IReadOnlyList<string> users, int payOneIn = 0, Func<string, GrpcChannel>? channelTo = null)
{
    private readonly ConcurrentBag<(string OrderId, long Version)> events = [];
    private readonly ConcurrentDictionary<string, PlaceOrdersRequest> unanswered = new();
    private readonly ConcurrentDictionary<string, string> placed = new();
    private int sent;
    private int failures;

    /// <summary>The orders that were answered as placed: their users by their ids.</summary>
    public IReadOnlyDictionary<string, string> Placed => placed;

    /// <summary>The events of the orders placed and paid so far, by order and version.</summary>
    public IReadOnlyCollection<(string OrderId, long Version)> Events => events;

    /// <summary>How often a stream broke or could not be opened, a command was refused as UNAVAILABLE, or was sent again.</summary>
    public int Failures => failures;

    /// <summary>Makes users.</summary>
    public static async Task<string[]> NewUsersAsync(string address, int count, Func<string, GrpcChannel>? channelTo = null)
    {
        using var channel = channelTo?.Invoke(address) ?? Tokens.Channel(address);
        var client = new UsersService.UsersServiceClient(channel);
        var users = new string[count];
        // As many at a time as a service takes.
        await Parallel.ForEachAsync(users.Index(), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (user, _) => users[user.Index] =
            (await client.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = $"{Guid.NewGuid():N}@example.com" }, cancellationToken: CancellationToken.None)).User.UserId);
        return users;
    }

    /// <summary>Places orders until cancelled, so many a second, then waits until all are answered.</summary>
    public async Task RunAsync(int perSecond, CancellationToken until)
    {
        for (var replica = 0; !until.IsCancellationRequested || !unanswered.IsEmpty; replica++)
        {
            try
            {
                await UseAsync(replicas[replica % replicas.Count], perSecond, until);
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException or IOException)
            {
                // The replica has gone away.
                Interlocked.Increment(ref failures);
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private async Task UseAsync(string address, int perSecond, CancellationToken until)
    {
        using var channel = channelTo?.Invoke(address) ?? Tokens.Channel(address);
        using var stream = new OrdersService.OrdersServiceClient(channel).PlaceOrders(cancellationToken: CancellationToken.None);
        await stream.ResponseHeadersAsync;
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = ReadAsync(stream, new OrdersService.OrdersServiceClient(channel), leave);
        foreach (var again in unanswered.Values)
        {
            Interlocked.Increment(ref failures);
            await stream.RequestStream.WriteAsync(again, CancellationToken.None);
        }

        // What was due while there was no stream is not made up for: its users went elsewhere.
        var (clock, before) = (System.Diagnostics.Stopwatch.StartNew(), sent);
        while (!until.IsCancellationRequested && !leave.Task.IsCompleted && !reading.IsCompleted)
        {
            for (var due = before + (clock.Elapsed.TotalSeconds * perSecond); sent < due && !leave.Task.IsCompleted && !reading.IsCompleted;)
                await stream.RequestStream.WriteAsync(Next(), CancellationToken.None);
            await Task.Delay(10, CancellationToken.None);
        }

        await stream.RequestStream.CompleteAsync();
        await reading;
    }

    /// <summary>Returns when the stream has ended.</summary>
    /// <param name="stream">What is read.</param>
    /// <param name="client">Pays.</param>
    /// <param name="leave">Completed when the replica says that it leaves.</param>
    private async Task ReadAsync(AsyncDuplexStreamingCall<PlaceOrdersRequest, PlaceOrdersResponse> stream, OrdersService.OrdersServiceClient client, TaskCompletionSource leave)
    {
        var paying = new List<Task>();
        await foreach (var answer in stream.ResponseStream.ReadAllAsync(CancellationToken.None))
        {
            if (answer.Draining is not null)
                leave.TrySetResult();
            if (answer.Placed is { } done && unanswered.TryRemove(answer.Reference, out _))
            {
                placed[done.Order.OrderId] = done.Order.UserId;
                events.Add((done.Order.OrderId, done.Order.Version));
                if (payOneIn > 0 && placed.Count % payOneIn == 0)
                    paying.Add(PayAsync(client, done.Order.OrderId));
            }
            else if (answer.Error is { Code: (int)StatusCode.Unavailable })
            {
                Interlocked.Increment(ref failures);
            }
            else if (answer.Error is { } error)
            {
                throw new Xunit.Sdk.XunitException($"Refused: {error}");
            }
        }

        await Task.WhenAll(paying);
    }

    private async Task PayAsync(OrdersService.OrdersServiceClient client, string orderId)
    {
        var paid = (await client.AdvanceOrderAsync(new AdvanceOrderRequest { OrderId = orderId, State = OrderState.Paid })).Order;
        events.Add((paid.OrderId, paid.Version));
    }

    private PlaceOrdersRequest Next()
    {
        var number = $"{++sent}";
        var request = new PlaceOrdersRequest
        {
            Reference = number,
            Command = new PlaceOrderRequest
            {
                UserId = users[sent % users.Count],
                IdempotencyKey = $"{users[0]}-{number}",
                Lines = { new OrderLine { ProductId = "tea", Quantity = 1, UnitPrice = new Money { CurrencyCode = "EUR", Units = 5 } } },
            },
        };
        unanswered[number] = request;
        return request;
    }
}
