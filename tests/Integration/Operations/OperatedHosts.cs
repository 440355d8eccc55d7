using System.Globalization;
using Google.Protobuf;
using Microservices.EventLog;
using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using OrdersReplica = Microservices.Tests.Support.ServiceHost<Microservices.Orders.OrdersDbContext>;

namespace Microservices.Tests.Integration.Operations;

/// <summary>Two replicas of Orders with one embedded Redis, to whose topics a test appends.</summary>
public sealed class OperatedHosts : Backends, IDisposable
{
    private readonly EmbeddedGarnet redis = new();

    protected override string? Redis => redis.ConnectionString;

    internal OrdersReplica Other { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Other = await AnotherOrdersAsync();
    }

    public override async Task DisposeAsync()
    {
        await Other.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>After <see cref="DisposeAsync"/>.</summary>
    public void Dispose() => redis.Dispose();

    /// <summary>Commits events about a user, whose orders' ids are numbers, in transactions of a hundred. Every tenth has the key "tenth", the others none.</summary>
    internal async Task CommitAsync(string userId, int first, int count, int padding = 0)
    {
        var database = OrdersHost.Services.GetRequiredService<Database<Microservices.Orders.OrdersDbContext>>();
        foreach (var numbers in Enumerable.Range(first, count).Chunk(100))
        {
            await database.WriteAsync(orders =>
            {
                foreach (var number in numbers)
                    orders.AddEvent([Microservices.Orders.OrderEvents.Topics.OfKey(userId)], number % 10 == 0 ? "tenth" : "", Event(userId, number, padding));
                return Task.FromResult(0);
            }, CancellationToken.None);
        }
    }

    /// <summary>Appends events about a user, whose orders' ids are numbers.</summary>
    internal async Task AppendAsync(string userId, int first, int count, int padding = 0)
    {
        var log = OrdersHost.Services.GetRequiredService<IEventLog>();
        await log.AppendAsync([.. Enumerable.Range(first, count).Select(number => NewEvent.Transient(
            Microservices.Orders.OrderEvents.Topics.OfKey(userId),
            Event(userId, number, padding).ToByteArray()))]);
    }

    /// <summary>The log has nothing of a topic any more, as when it was forgotten.</summary>
    internal async Task ForgetAsync(string topic)
    {
        var redis = OrdersHost.Services.GetRequiredService<RedisConnection>();
        await (await redis.DatabaseAsync(CancellationToken.None)).KeyDeleteAsync(redis.Keys(topic));
    }

    private static OrderEvent Event(string userId, int number, int padding) =>
        new() { Order = new Order { OrderId = number.ToString(CultureInfo.InvariantCulture), UserId = userId, Lines = { new OrderLine { ProductId = new string('x', padding) } } } };
}
