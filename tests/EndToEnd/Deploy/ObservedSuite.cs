using System.Net.Http.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Gateway.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>All four services as processes on free ports, over one redis-server and one PostgreSQL, and a little traffic of every kind.</summary>
public sealed class ObservedSuite : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> parts = [];
    private readonly CancellationTokenSource over = new();
    private Task traffic = Task.CompletedTask;
    private string http = "";

    /// <summary>The processes by the names of the services.</summary>
    public Dictionary<string, ReplicaProcess> Replicas { get; } = [];

    /// <summary>Starts it; returns when all are ready and traffic has begun.</summary>
    public static async Task<ObservedSuite> StartAsync()
    {
        var suite = new ObservedSuite();
        try
        {
            var redis = await RedisServer.StartAsync();
            suite.parts.Add(redis);
            var postgres = await PostgresServer.StartAsync();
            suite.parts.Add(postgres);
            var state = new Dictionary<string, string> { ["ConnectionStrings__Database"] = await postgres.CreateDatabaseAsync(), ["ConnectionStrings__Redis"] = redis.ConnectionString };
            suite.http = $"http://127.0.0.1:{Eventually.FreePort()}";

            var users = suite.Add("users", "services/Users", state);
            var orders = suite.Add("orders", "services/Orders", new(state) { ["Backends__Users__Addresses__0"] = users.Address });
            var notifications = suite.Add("notifications", "services/Notifications", new(state) { ["Backends__Orders__Addresses__0"] = orders.Address });
            suite.Add("gateway", "gateway", new()
            {
                ["Kestrel__Endpoints__Http__Url"] = suite.http,
                ["Backends__Users__Addresses__0"] = users.Address,
                ["Backends__Orders__Addresses__0"] = orders.Address,
                ["Backends__Notifications__Addresses__0"] = notifications.Address,
            });
            await Task.WhenAll(suite.Replicas.Values.Select(r => r.UntilReadyAsync()));
            suite.traffic = suite.UseAsync(suite.over.Token);
            return suite;
        }
        catch
        {
            await suite.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await traffic.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        parts.Reverse();
        foreach (var part in parts)
            await part.DisposeAsync();
        over.Dispose();
    }

    private ReplicaProcess Add(string name, string folder, Dictionary<string, string> settings)
    {
        var replica = new ReplicaProcess(folder, settings);
        parts.Add(replica);
        return Replicas[name] = replica;
    }

    // Until the end: REST, server-sent events, unary calls, call streams, event streams and a stream of commands.
    private async Task UseAsync(CancellationToken until)
    {
        var ids = await OrderLoad.NewUsersAsync(Replicas["users"].Address, 3);
        using var client = new HttpClient { BaseAddress = new Uri(http) };
        using var gatewayChannel = GrpcChannel.ForAddress(Replicas["gateway"].Address);
        using var ordersChannel = GrpcChannel.ForAddress(Replicas["orders"].Address);
        using var notificationsChannel = GrpcChannel.ForAddress(Replicas["notifications"].Address);
        var gateway = new GatewayService.GatewayServiceClient(gatewayChannel);
        using var usersChannel = GrpcChannel.ForAddress(Replicas["users"].Address);
        var users = new UsersService.UsersServiceClient(usersChannel);
        var ada = (await users.GetUserAsync(new GetUserRequest { UserId = ids[0] }, cancellationToken: until)).User;
        using var watch = gateway.WatchOverview(cancellationToken: until);
        await watch.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = ids[0] } }, until);
        using var lookups = gateway.LookupOverviews(cancellationToken: until);
        await using var events = await client.GetStreamAsync($"/v1/users/{ids[0]}/events", until);
        var load = new OrderLoad([Replicas["orders"].Address], ids).RunAsync(10, until);

        var everything = Task.WhenAll(load, DrainAsync(watch.ResponseStream, until), DrainAsync(lookups.ResponseStream, until), events.CopyToAsync(Stream.Null, until), AskAsync());
        await everything.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        async Task AskAsync()
        {
            for (ulong call = 1; !until.IsCancellationRequested; call++)
            {
                await client.GetAsync($"/v1/users/{ids[0]}/overview", until);
                await client.GetAsync("/v1/users/nobody", until);
                await client.PostAsJsonAsync("/v1/orders", new { userId = ids[0], lines = new[] { new { productId = "tea", quantity = 1, unitPrice = new { amount = "1.00", currency = "EUR" } } } }, until);
                await gateway.GetOverviewAsync(new GetOverviewRequest { UserId = ids[0] }, cancellationToken: until);
                await lookups.RequestStream.WriteAsync(new LookupOverviewsRequest { Calls = { new LookupOverviewsCall { CallId = call, Overview = new GetOverviewRequest { UserId = ids[0] } } } }, until);
                await new OrdersService.OrdersServiceClient(ordersChannel).ListOrdersAsync(new ListOrdersRequest { UserId = ids[0], PageSize = 1 }, cancellationToken: until);
                await new NotificationsService.NotificationsServiceClient(notificationsChannel).ListNotificationsAsync(new ListNotificationsRequest { UserId = ids[0], PageSize = 1 }, cancellationToken: until);
                await client.GetAsync($"/v1/users/{ids[1]}", until);
                ada.DisplayName = $"Ada {call}";
                ada = (await users.UpdateUserAsync(new UpdateUserRequest { User = ada, UpdateMask = new FieldMask { Paths = { "display_name" } } }, cancellationToken: until)).User;
                await Task.Delay(TimeSpan.FromMilliseconds(100), until);
            }
        }
    }

    private static async Task DrainAsync<T>(IAsyncStreamReader<T> stream, CancellationToken until)
    {
        while (await stream.MoveNext(until))
        {
        }
    }
}
