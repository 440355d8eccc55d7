using Microservices.Notifications;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Integration.Jobs;
using Microservices.Tests.Integration.Webhooks;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Auth;

/// <summary>All services and the gateway, on real sockets, with a database each and one embedded Redis; but of Identity only what says that nobody has a session.</summary>
public sealed class AuthHosts : Backends, IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("auth-").FullName;
    private readonly EmbeddedGarnet redis = new();
    private Backend identity = null!;

    /// <summary>It hears of nothing that happens.</summary>
    internal WebhooksHost Webhooks { get; } = new();

    internal JobsHost Jobs { get; } = new() { Kept = 1_000 };

    protected override string? Redis => redis.ConnectionString;

    internal ServiceHost<NotificationsDbContext> NotificationsHost { get; private set; } = null!;

    internal GatewayFactory Gateway { get; private set; } = null!;

    /// <summary>The address of the gRPC port of the service with this package: "users.v1".</summary>
    public string AddressOf(string package) => package switch
    {
        "users.v1" => UsersHost.Grpc,
        "orders.v1" => OrdersHost.Grpc,
        "notifications.v1" => NotificationsHost.Grpc,
        "webhooks.v1" => Webhooks.Address,
        "jobs.v1" => Jobs.Address,
        "gateway.v1" => Gateway.Grpc,
        // Every process serves it.
        "operations.v1" => OrdersHost.Grpc,
        _ => throw new ArgumentOutOfRangeException(nameof(package), package, null),
    };

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        NotificationsHost = new(new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = $"Data Source={Path.Combine(directory, "notifications")}.db",
            ["ConnectionStrings:Redis"] = redis.ConnectionString,
            ["Backends:Orders:Addresses:0"] = OrdersHost.Grpc,
        });
        await Webhooks.InitializeAsync();
        await Jobs.InitializeAsync();
        identity = await Backend.StartAsync(new FakeIdentity());
        Gateway = new(
            ("Backends:Identity:Addresses:0", identity.Address), ("Backends:Webhooks:Addresses:0", Webhooks.Address), ("Backends:Jobs:Addresses:0", Jobs.Address),
            ("Backends:Users:Addresses:0", UsersHost.Grpc), ("Backends:Orders:Addresses:0", OrdersHost.Grpc), ("Backends:Notifications:Addresses:0", NotificationsHost.Grpc));
    }

    public override async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await identity.DisposeAsync();
        await NotificationsHost.DisposeAsync();
        await Webhooks.DisposeAsync();
        await Jobs.DisposeAsync();
        await base.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>After <see cref="DisposeAsync"/>.</summary>
    public void Dispose() => redis.Dispose();
}
