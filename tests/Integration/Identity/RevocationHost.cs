using Microservices.Notifications;
using Microservices.Orders;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Users;
using SharedTokens = Microservices.Tests.Support.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>The suite, with two replicas of Users and of the gateway. All take Identity's tokens, and follow what it revokes.</summary>
public sealed class RevocationHost : WorkloadHost, IDisposable
{
    private readonly EmbeddedGarnet redis = new();
    private readonly string revocations = $"http://127.0.0.1:{Eventually.FreePort()}";

    internal ServiceHost<UsersDbContext> OtherUsers { get; private set; } = null!;

    internal ServiceHost<OrdersDbContext> Orders { get; private set; } = null!;

    internal ServiceHost<NotificationsDbContext> Notifications { get; private set; } = null!;

    internal GatewayFactory Gateway { get; private set; } = null!;

    internal GatewayFactory OtherGateway { get; private set; } = null!;

    internal ServiceHost<UsersDbContext>[] AllUsers => [Users, OtherUsers];

    internal GatewayFactory[] Gateways => [Gateway, OtherGateway];

    public string Redis => redis.ConnectionString;

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [.. base.Settings, ("Kestrel:Endpoints:Grpc:Url", revocations), ("Identity:Clients:1:Scopes:6", "notifications.read")];

    protected override IEnumerable<(string Key, string Value)> UsersSettings => Of("users");

    public override async Task InitializeAsync()
    {
        // Users starts before Identity does, and serves all the same.
        await base.InitializeAsync();
        OtherUsers = await StartUsersAsync();
        Orders = new(await WithDatabaseAsync("orders", ("Backends:Users:Addresses:0", Users.Grpc)));
        Notifications = new(await WithDatabaseAsync("notifications", ("Backends:Orders:Addresses:0", Orders.Grpc)));
        Gateway = NewGateway();
        OtherGateway = NewGateway();
    }

    public override async Task DisposeAsync()
    {
        await OtherGateway.DisposeAsync();
        await Gateway.DisposeAsync();
        await Notifications.DisposeAsync();
        await Orders.DisposeAsync();
        await OtherUsers.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>After <see cref="DisposeAsync"/>.</summary>
    public void Dispose() => redis.Dispose();

    /// <summary>A client of a replica of Users, with this token.</summary>
    internal static Microservices.Users.V1.UsersService.UsersServiceClient UsersOf(ServiceHost<UsersDbContext> users, string token) => new(SharedTokens.Channel(users.Grpc, token));

    /// <summary>A client of a gateway's REST port, with this token.</summary>
    internal static HttpClient RestOf(GatewayFactory gateway, string token) => new(SharedTokens.Bearer(new SocketsHttpHandler(), token)) { BaseAddress = gateway.RestAddress };

    // Its issuer is without TLS.
    private GatewayFactory NewGateway() => new(
        [("environment", "Development"), .. Of("gateway"), ("Backends:Users:Addresses:0", Users.Grpc), ("Backends:Orders:Addresses:0", Orders.Grpc), ("Backends:Notifications:Addresses:0", Notifications.Grpc)]);

    private IEnumerable<(string Key, string Value)> Of(string service) =>
        [.. Authority, ("Auth:KeyFile", KeyFile(service)), ("Auth:RevocationsAddress", revocations), ("ConnectionStrings:Redis", redis.ConnectionString)];

    private async Task<Dictionary<string, string>> WithDatabaseAsync(string service, params (string Key, string Value)[] settings) =>
        Of(service).Append(("ConnectionStrings:Database", await DatabaseAsync(service))).Concat(settings).ToDictionary(setting => setting.Item1, setting => setting.Item2);
}
