using Microservices.Notifications;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Notification = Microservices.Notifications.V1.Notification;
using NotificationsClient = Microservices.Notifications.V1.NotificationsService.NotificationsServiceClient;

namespace Microservices.Tests.Integration.Notifications;

/// <summary>Notifications behind Orders, with an embedded Redis; on SQLite.</summary>
public class Inboxes : Backends, IDisposable
{
    private readonly EmbeddedGarnet redis = new();

    protected override string? Redis => redis.ConnectionString;

    internal ServiceHost<NotificationsDbContext> Host { get; private set; } = null!;

    public NotificationsClient Client { get; private set; } = null!;

    /// <summary>Another Notifications; on the same database unless it is named otherwise.</summary>
    internal async Task<ServiceHost<NotificationsDbContext>> AnotherAsync(string database = "notifications", params (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = await DatabaseAsync(database),
            ["ConnectionStrings:Redis"] = redis.ConnectionString,
            ["Backends:Orders:Addresses:0"] = OrdersHost.Grpc,
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        return new(all);
    }

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Host = await AnotherAsync();
        Client = new(Host.Channel);
    }

    public override async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>After <see cref="DisposeAsync"/>.</summary>
    public void Dispose()
    {
        redis.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Places an order and waits for its notification.</summary>
    public async Task<Notification> NotifiedAsync(string userId)
    {
        var order = (await Orders.PlaceOrderAsync(AnOrder(userId))).Order;
        return (await InboxAsync(userId, all => all.Any(n => n.OrderId == order.OrderId))).Single(n => n.OrderId == order.OrderId);
    }

    /// <summary>The inbox once it is as it should be.</summary>
    public async Task<IReadOnlyList<Notification>> InboxAsync(string userId, Func<IReadOnlyList<Notification>, bool> isRight, NotificationsClient? at = null)
    {
        IReadOnlyList<Notification> inbox = [];
        await Eventually.UntilAsync(
            async () => isRight(inbox = (await (at ?? Client).ListNotificationsAsync(new() { UserId = userId, PageSize = 500 })).Notifications), "the inbox is as it should be");
        return inbox;
    }
}

/// <summary>The same on PostgreSQL; nothing at all where there is none.</summary>
public sealed class PostgresInboxes : Inboxes
{
    private readonly PostgresDatabases databases = new();

    protected override Task<string> DatabaseAsync(string service) => databases.NamedAsync(service);

    public override async Task InitializeAsync()
    {
        await databases.InitializeAsync();
        if (databases.Exist)
            await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        if (databases.Exist)
            await base.DisposeAsync();
        await databases.DisposeAsync();
    }
}

internal static class HostDatabase
{
    /// <summary>The database of a host, to look at or to spoil.</summary>
    public static Database<NotificationsDbContext> Database(this ServiceHost<NotificationsDbContext> host) =>
        host.Services.GetRequiredService<Database<NotificationsDbContext>>();
}
