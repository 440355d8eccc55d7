using System.Net.Http.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Gateway.V1;
using Microservices.Jobs.V1;
using Microservices.Notifications.V1;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microservices.Webhooks.V1;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>All services as processes on free ports, over one redis-server and one PostgreSQL, and a little traffic of every kind.</summary>
public sealed class ObservedSuite : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> parts = [];
    private readonly CancellationTokenSource over = new();
    private Task traffic = Task.CompletedTask;

    /// <summary>The processes.</summary>
    public WholeSuite Services { get; private set; } = null!;

    /// <summary>Where each service has its metrics.</summary>
    public IReadOnlyDictionary<string, string> Metrics => Services.Names.ToDictionary(name => name, name => Services[name][0].Management);

    /// <summary>Why some of the traffic has ended; null while all of it goes on.</summary>
    public string? Ended { get; private set; }

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
            var database = postgres.CreateDatabaseAsync();
            var receiver = await HookReceiver.StartAsync();
            suite.parts.Add(receiver);
            suite.Services = await WholeSuite.StartAsync(_ => database, new Dictionary<string, string>
            {
                ["ConnectionStrings__Redis"] = redis.ConnectionString,
                // Webhooks go to this machine in Development only.
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["Egress__AllowHttp"] = "true",
                ["Egress__AllowedNetworks__0"] = "127.0.0.0/8",
            });
            suite.parts.Add(suite.Services);
            suite.traffic = suite.UseAsync($"{receiver.Address}/hooks", suite.over.Token);
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

    // Until the end: REST, server-sent events, unary calls, call streams, event streams, a stream of commands, webhooks, jobs and flows.
    private async Task UseAsync(string receiver, CancellationToken until)
    {
        var ids = await OrderLoad.NewUsersAsync(Services["users"][0].Address, 3);
        using var webhooksChannel = Tokens.Channel(Services["webhooks"][0].Address);
        await new WebhooksService.WebhooksServiceClient(webhooksChannel).CreateEndpointAsync(new CreateEndpointRequest { OwnerId = ids[0], Url = receiver }, cancellationToken: until);
        using var jobsChannel = Tokens.Channel(Services["jobs"][0].Address);
        var flows = new FlowsService.FlowsServiceClient(jobsChannel);
        var archive = new StartFlowRequest { OwnerId = ids[0], Kind = "archive-csv", Input = new ArchiveCsvInput { Csv = "a\n1\n" }.ToByteString() };
        using var client = Tokens.Rest(Services["gateway"][0].HttpPort);
        using var gatewayChannel = Tokens.Channel(Services["gateway"][0].Address);
        using var ordersChannel = Tokens.Channel(Services["orders"][0].Address);
        using var notificationsChannel = Tokens.Channel(Services["notifications"][0].Address);
        var gateway = new GatewayService.GatewayServiceClient(gatewayChannel);
        using var usersChannel = Tokens.Channel(Services["users"][0].Address);
        var users = new UsersService.UsersServiceClient(usersChannel);
        var ada = (await users.GetUserAsync(new GetUserRequest { UserId = ids[0] }, cancellationToken: until)).User;
        using var watch = gateway.WatchOverview(cancellationToken: until);
        await watch.RequestStream.WriteAsync(new WatchOverviewRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = ids[0] } }, until);
        using var lookups = gateway.LookupOverviews(cancellationToken: until);
        await using var events = await client.GetStreamAsync($"/v1/users/{ids[0]}/events", until);
        var load = new OrderLoad([Services["orders"][0].Address], ids).RunAsync(10, until);

        await foreach (var ended in Task.WhenEach(load, DrainAsync(watch.ResponseStream, until), DrainAsync(lookups.ResponseStream, until), events.CopyToAsync(Stream.Null, until), AskAsync()))
        {
            if (!until.IsCancellationRequested)
                Ended ??= ended.Exception?.ToString() ?? "A stream ended";
        }

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
                await new JobsService.JobsServiceClient(jobsChannel).EnqueueJobAsync(new EnqueueJobRequest { OwnerId = ids[0], Kind = "hash" }, cancellationToken: until);
                // It waits for somebody's approval.
                var flow = (await flows.StartFlowAsync(archive, cancellationToken: until)).Flow;
                await flows.CancelFlowAsync(new CancelFlowRequest { FlowId = flow.FlowId }, cancellationToken: until);
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
