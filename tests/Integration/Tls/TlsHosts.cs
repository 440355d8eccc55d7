using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using Microservices.Orders;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Users;

namespace Microservices.Tests.Integration.Tls;

/// <summary>Users, Orders and the gateway, which speak TLS at every port but the management port, each with a certificate of one authority.</summary>
public sealed class TlsHosts : IAsyncLifetime, IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("tls-hosts-").FullName;
    private readonly EmbeddedGarnet redis = new();

    internal TestCa Ca { get; } = new();

    internal TlsDirectory UsersFiles { get; private set; } = null!;

    internal TlsDirectory OrdersFiles { get; private set; } = null!;

    internal TlsDirectory GatewayFiles { get; private set; } = null!;

    internal ServiceHost<UsersDbContext> Users { get; private set; } = null!;

    internal ServiceHost<OrdersDbContext> Orders { get; private set; } = null!;

    internal GatewayFactory Gateway { get; private set; } = null!;

    public Task InitializeAsync()
    {
        (UsersFiles, OrdersFiles, GatewayFiles) = (new("users", Ca), new("orders", Ca), new("gateway", Ca));
        Users = new(Settings("users", UsersFiles));
        Orders = new(Settings("orders", OrdersFiles, ("Backends:Users:Addresses:0", Users.Grpc)));
        Gateway = new([
            .. GatewayFiles.Settings.Select(setting => (setting.Key, setting.Value)),
            ("Kestrel:Endpoints:Grpc:Url", "https://127.0.0.1:0"), ("Kestrel:Endpoints:Http:Url", "https://127.0.0.1:0"),
            ("Backends:Users:Addresses:0", Users.Grpc), ("Backends:Orders:Addresses:0", Orders.Grpc), ("Backends:Notifications:Addresses:0", Orders.Grpc),
        ]);
        return Task.CompletedTask;
    }

    /// <summary>Settings of a service with TLS.</summary>
    internal Dictionary<string, string> Settings(string name, TlsDirectory files, params (string Key, string Value)[] more)
    {
        var settings = new Dictionary<string, string>(files.Settings)
        {
            ["Kestrel:Endpoints:Grpc:Url"] = "https://127.0.0.1:0",
            ["ConnectionStrings:Database"] = $"Data Source={Path.Combine(directory, name)}.db",
            ["ConnectionStrings:Redis"] = redis.ConnectionString,
        };
        foreach (var (key, value) in more)
            settings[key] = value;
        return settings;
    }

    /// <summary>A client that believes the authority, has this certificate or none, and this token.</summary>
    internal GrpcChannel ChannelTo(string address, string token, (string Certificate, string Key)? own = null) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = Tokens.Bearer(Handler(own), token), DisposeHttpClient = true });

    /// <summary>Connections of such a client.</summary>
    internal SocketsHttpHandler Handler((string Certificate, string Key)? own = null)
    {
        var tls = Ca.Trust();
        var certificate = own is { } pem ? X509Certificate2.CreateFromPem(pem.Certificate, pem.Key) : null;
        tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!;
        return new SocketsHttpHandler { EnableMultipleHttp2Connections = true, SslOptions = tls };
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Orders.DisposeAsync();
        await Users.DisposeAsync();
        foreach (var files in (TlsDirectory[])[UsersFiles, OrdersFiles, GatewayFiles])
            files.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>After <see cref="DisposeAsync"/>.</summary>
    public void Dispose()
    {
        redis.Dispose();
        Ca.Dispose();
    }
}
