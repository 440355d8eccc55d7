using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Gateway.V1;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using ProtoMoney = Google.Type.Money;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>The gateway as it is, over real sockets, before backends whose behaviour a test decides. By default they answer at once.</summary>
public sealed class GatewayFixture : IAsyncLifetime, IDisposable
{
    /// <summary>What no caller may ever read: fakes put it wherever a service has text.</summary>
    public const string Secret = "connection to 10.1.2.3 failed: password=hunter2";

    private GatewayFactory? gateway;
    private Backend? usersServer;
    private Backend? ordersServer;
    private Backend? notificationsServer;
    private GrpcChannel? channel;

    /// <summary>Settings over those of the fixture.</summary>
    internal Dictionary<string, string> Settings { get; } = [];

    /// <summary>What the gateway is made of.</summary>
    internal IServiceProvider Services => gateway!.Services;

    internal FakeUsers Users { get; } = new();

    internal FakeOrders Orders { get; } = new();

    internal FakeNotifications Notifications { get; } = new();

    /// <summary>A client of the REST port; it follows no redirect.</summary>
    public HttpClient Rest { get; } = new(Tokens.Bearer(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = Timeout.InfiniteTimeSpan }));

    internal GatewayService.GatewayServiceClient Grpc { get; private set; } = null!;

    /// <summary>A client of any service at the gRPC port.</summary>
    internal TClient Client<TClient>() => (TClient)Activator.CreateInstance(typeof(TClient), channel)!;

    /// <summary>Tells the gateway to stop, as SIGTERM does. Completes when it has.</summary>
    /// <param name="now">Cancelled when it is to wait for nothing more.</param>
    public Task StopAsync(CancellationToken now = default) => gateway!.StopAsync(now);

    /// <summary>The replica.</summary>
    internal GatewayFactory Gateway => gateway!;

    /// <summary>Another replica before the same backends, with some settings of its own.</summary>
    internal GatewayFactory AnotherGateway(params (string Key, string Value)[] settings) => new(
    [
        ("Backends:Users:Addresses:0", usersServer!.Address),
        ("Backends:Orders:Addresses:0", ordersServer!.Address),
        ("Backends:Notifications:Addresses:0", notificationsServer!.Address),
        ("LookupOverviews:Credit", "4"),
        .. settings,
    ]);

    public async Task InitializeAsync()
    {
        Reset();
        usersServer = await Backend.StartAsync(Users);
        ordersServer = await Backend.StartAsync(Orders);
        notificationsServer = await Backend.StartAsync(Notifications);
        gateway = AnotherGateway([.. Settings.Select(s => (s.Key, s.Value))]);
        Rest.BaseAddress = gateway.RestAddress;
        channel = Tokens.Channel(gateway.Grpc);
        Grpc = new GatewayService.GatewayServiceClient(channel);
    }

    public async Task DisposeAsync()
    {
        // The gateway waits for its callers before it stops: they leave first.
        Rest.Dispose();
        channel?.Dispose();
        foreach (var server in (IAsyncDisposable?[])[gateway, usersServer, ordersServer, notificationsServer])
        {
            if (server is not null)
                await server.DisposeAsync();
        }
    }

    public void Dispose()
    {
        Rest.Dispose();
        channel?.Dispose();
        gateway?.Dispose();
    }

    /// <summary>Backends that answer at once.</summary>
    public void Reset()
    {
        Users.ETag = Orders.ETag = 0;
        Orders.LiesAboutETags = false;
        Users.OnGet = (request, _) => Task.FromResult(new GetUserResponse { User = User(request.UserId) });
        Users.OnCreate = (request, _) => Task.FromResult(new CreateUserResponse { User = User(request.UserId.Length == 0 ? "made" : request.UserId) });
        Users.OnUpdate = (request, _) => Task.FromResult(new UpdateUserResponse { User = User(request.User.UserId) });
        Users.OnList = (_, _) => Task.FromResult(new ListUsersResponse { Users = { User("ada"), User("bob") }, NextPageToken = "next" });
        Orders.OnList = (request, _) => Task.FromResult(new ListOrdersResponse { Orders = { Order("o1", request.UserId) } });
        Orders.OnPlace = (request, _) => Task.FromResult(new PlaceOrderResponse { Order = Order("o1", request.UserId) });
        Orders.OnCancel = (request, _) => Task.FromResult(new CancelOrderResponse { Order = Order(request.OrderId, "ada") });
        Orders.OnAdvance = (request, _) => Task.FromResult(new AdvanceOrderResponse { Order = Order(request.OrderId, "ada") });
    }

    /// <summary>An error as a service of ours gives it.</summary>
    internal static RpcException Contract(string domain, StatusCode code, string reason = "SOME_REASON", string message = "Said by the contract.") =>
        new ErrorDomain(domain).Other(code, reason, message).ToRpcException();

    /// <summary>An error that is no part of a contract: its text is internal.</summary>
    internal static RpcException Internal(StatusCode code) => new(new Status(code, Secret));

    /// <summary>Holds both parts of an overview until released.</summary>
    internal (HeldCall User, HeldCall Orders) Hold() => (HoldUser(), HoldOrders());

    /// <summary>Holds the user's part, of one user or of all, until released.</summary>
    internal HeldCall HoldUser(string? user = null)
    {
        var held = new HeldCall();
        Users.OnGet = async (request, context) =>
        {
            if (user is null || request.UserId == user)
                await held.HoldAsync(context);
            return new GetUserResponse { User = User(request.UserId) };
        };
        return held;
    }

    /// <summary>Holds the orders' part, of one user or of all, until released; no user has any.</summary>
    internal HeldCall HoldOrders(string? user = null)
    {
        var held = new HeldCall();
        Orders.OnList = async (request, context) =>
        {
            if (user is null || request.UserId == user)
                await held.HoldAsync(context);
            return new ListOrdersResponse();
        };
        return held;
    }

    internal static User User(string id) => new()
    {
        UserId = id,
        DisplayName = "Ada Lovelace",
        Email = "ada@example.com",
        Version = 3,
        CreateTime = Timestamp.FromDateTime(new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc)),
        UpdateTime = Timestamp.FromDateTime(new DateTime(2026, 1, 31, 12, 0, 0, 1, 2, DateTimeKind.Utc)),
    };

    internal static Order Order(string id, string userId) => new()
    {
        OrderId = id,
        UserId = userId,
        State = OrderState.Paid,
        Lines = { new OrderLine { ProductId = "tea", Quantity = 2, UnitPrice = Eur(6, 250_000_000), Total = Eur(12, 500_000_000) } },
        Total = Eur(12, 500_000_000),
        Version = 2,
        PlaceTime = Timestamp.FromDateTime(new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc)),
        UpdateTime = Timestamp.FromDateTime(new DateTime(2026, 1, 31, 13, 0, 0, DateTimeKind.Utc)),
    };

    private static ProtoMoney Eur(long units, int nanos) => new() { CurrencyCode = "EUR", Units = units, Nanos = nanos };
}
