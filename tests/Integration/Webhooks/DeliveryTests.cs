using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Webhooks;
using Microservices.Webhooks.V1;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;
using Endpoint = Microservices.Webhooks.V1.Endpoint;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>What is sent to endpoints, on a database of either kind.</summary>
public abstract class DeliveryTests(WebhooksHost host) : IAsyncLifetime
{
    private readonly string owner = $"owner-{Guid.NewGuid():n}";
    private HookReceiver receiver = null!;

    private Client Client => host.Client;

    public async Task InitializeAsync() => receiver = await HookReceiver.StartAsync();

    public async Task DisposeAsync() => await receiver.DisposeAsync();

    [SkippableFact]
    public async Task An_event_is_sent_once_as_Standard_Webhooks_and_CloudEvents_have_it()
    {
        var (endpoint, secret) = await CreateAsync();
        var placed = Placed("order-1");

        await host.HappensAsync(placed);
        await host.HappensAsync(placed);
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);

        var hook = Assert.Single(receiver.Received);
        var signed = Encoding.UTF8.GetBytes($"{hook.Id}.{hook.Headers["webhook-timestamp"]}.").Concat(hook.Body).ToArray();
        Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed))}", hook.Headers["webhook-signature"]);
        Assert.Equal("application/cloudevents+json", hook.Headers["content-type"]);
        using var body = JsonDocument.Parse(hook.Body);
        Assert.Equal(hook.Id, body.RootElement.GetProperty("id").GetString());
        Assert.Equal("1.0", body.RootElement.GetProperty("specversion").GetString());
        Assert.Equal("order.placed", body.RootElement.GetProperty("type").GetString());
        Assert.Equal("order-1", body.RootElement.GetProperty("subject").GetString());
        Assert.Equal("order-1", body.RootElement.GetProperty("data").GetProperty("order").GetProperty("orderId").GetString());
    }

    [SkippableFact]
    public async Task What_fails_is_sent_again_under_its_id_until_it_succeeds()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.AnswerAll(500);
        await host.HappensAsync(Placed("order-1"));
        await UntilAsync(endpoint, DeliveryState.Pending, 1, d => d.Attempts == 1);
        receiver.AnswerAll(200);

        await UntilAsync(endpoint, DeliveryState.Delivered, 1, d => d is { Attempts: 2, LastStatus: 200 });

        Assert.Equal(2, receiver.Received.Count);
        Assert.Single(receiver.Ids.Distinct());
        var delivery = Assert.Single((await Client.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId })).Deliveries);
        var details = await Client.GetDeliveryAsync(new() { DeliveryId = delivery.DeliveryId });
        Assert.Equal([200, 500], details.Attempts.Select(a => a.Status));
        Assert.Equal(["", "HTTP 500"], details.Attempts.Select(a => a.Error));
    }

    protected static SourceEvent Placed(string orderId, string owner) =>
        new("/orders", EventTypes.OrderPlaced, owner, orderId, 1, DateTimeOffset.UtcNow, new OrderEvent
        {
            Kind = OrderEventKind.Placed,
            Order = new Order { OrderId = orderId, UserId = owner, Version = 1 },
            Time = DateTimeOffset.UtcNow.ToTimestamp(),
        });

    private SourceEvent Placed(string orderId) => Placed(orderId, owner);

    private async Task<(Endpoint Endpoint, string Secret)> CreateAsync(Action<CreateEndpointRequest>? change = null)
    {
        var request = new CreateEndpointRequest { OwnerId = owner, Url = $"{receiver.Address}/hooks" };
        change?.Invoke(request);
        var created = await Client.CreateEndpointAsync(request);
        return (created.Endpoint, created.Secret);
    }

    private Task UntilAsync(Endpoint endpoint, DeliveryState state, int count, Func<Microservices.Webhooks.V1.Delivery, bool>? which = null) =>
        Eventually.UntilAsync(async () =>
        {
            var page = await Client.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, State = state, PageSize = 500 });
            return page.Deliveries.Count(d => which?.Invoke(d) ?? true) == count;
        }, $"{count} deliveries are {state}");
}

public sealed class DeliveryOnSqliteTests(WebhooksHost host) : DeliveryTests(host), IClassFixture<WebhooksHost>;

public sealed class DeliveryOnPostgresTests : DeliveryTests, IClassFixture<PostgresWebhooksHost>
{
    public DeliveryOnPostgresTests(PostgresWebhooksHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
