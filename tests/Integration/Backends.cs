using Microservices.Orders;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users;
using Microservices.Users.V1;
using OrdersClient = Microservices.Orders.V1.OrdersService.OrdersServiceClient;
using UsersClient = Microservices.Users.V1.UsersService.UsersServiceClient;

namespace Microservices.Tests.Integration;

/// <summary>Users and Orders on real sockets, on a database of their own: SQLite unless a connection string says otherwise.</summary>
public class Backends : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("suite-").FullName;

    internal ServiceHost<UsersDbContext> UsersHost { get; private set; } = null!;

    internal ServiceHost<OrdersDbContext> OrdersHost { get; private set; } = null!;

    public UsersClient Users { get; private set; } = null!;

    public OrdersClient Orders { get; private set; } = null!;

    /// <summary>Where events go; null where tests need none.</summary>
    protected virtual string? Redis => null;

    protected virtual Task<string> DatabaseAsync(string service) => Task.FromResult($"Data Source={Path.Combine(directory, service)}.db");

    /// <summary>Another Users on the same database.</summary>
    internal async Task<ServiceHost<UsersDbContext>> AnotherUsersAsync()
    {
        var settings = new Dictionary<string, string> { ["ConnectionStrings:Database"] = await DatabaseAsync("users") };
        if (Redis is not null)
            settings["ConnectionStrings:Redis"] = Redis;
        return new(settings);
    }

    /// <summary>Another Orders on the same database, which cannot reach Users.</summary>
    internal Task<ServiceHost<OrdersDbContext>> OrdersWithoutUsersAsync() =>
        AnotherOrdersAsync(("Backends:Users:Addresses:0", $"http://127.0.0.1:{Eventually.FreePort()}"));

    /// <summary>Another Orders on the same database, with some settings of its own.</summary>
    internal async Task<ServiceHost<OrdersDbContext>> AnotherOrdersAsync(params (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = await DatabaseAsync("orders"),
            ["Backends:Users:Addresses:0"] = UsersHost.Grpc,
        };
        if (Redis is not null)
            all["ConnectionStrings:Redis"] = Redis;
        foreach (var (key, value) in settings)
            all[key] = value;
        return new(all);
    }

    public virtual async Task InitializeAsync()
    {
        UsersHost = await AnotherUsersAsync();
        OrdersHost = await AnotherOrdersAsync();
        Users = new(UsersHost.Channel);
        Orders = new(OrdersHost.Channel);
    }

    public virtual async Task DisposeAsync()
    {
        await OrdersHost.DisposeAsync();
        await UsersHost.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>A user made now.</summary>
    public async Task<Microservices.Users.V1.User> NewUserAsync() =>
        (await Users.CreateUserAsync(new CreateUserRequest { DisplayName = "Ada Lovelace", Email = $"{Guid.NewGuid():N}@example.com" })).User;

    /// <summary>An order of a user of its own, placed now.</summary>
    public async Task<Microservices.Orders.V1.Order> NewOrderAsync() => (await Orders.PlaceOrderAsync(AnOrder((await NewUserAsync()).UserId))).Order;

    /// <summary>A good order of a user, of one line: 2 x 10.25 EUR.</summary>
    public static PlaceOrderRequest AnOrder(string userId) => new()
    {
        UserId = userId,
        Lines = { new Microservices.Orders.V1.OrderLine { ProductId = "tea", Quantity = 2, UnitPrice = new Google.Type.Money { CurrencyCode = "EUR", Units = 10, Nanos = 250_000_000 } } },
    };
}
