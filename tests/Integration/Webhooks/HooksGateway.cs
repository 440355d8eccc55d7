using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Webhooks;
using Microservices.Webhooks.V1;
using Endpoint = Microservices.Webhooks.V1.Endpoint;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Webhooks behind a gateway.</summary>
public sealed class HooksGateway : WebhooksHost
{
    internal GatewayFactory Gateway { get; private set; } = null!;

    /// <summary>A client of REST that is this user, to be disposed of.</summary>
    public HttpClient As(string userId) => new(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Authority.Person(userId))) { BaseAddress = Gateway.RestAddress };

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Gateway = AnotherGateway();
    }

    public override async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Another replica, with some settings of its own.</summary>
    internal GatewayFactory AnotherGateway(params (string Key, string Value)[] settings) => new([("Backends:Webhooks:Addresses:0", Address), .. settings]);

    /// <summary>A new endpoint of an owner.</summary>
    internal async Task<Endpoint> EndpointAsync(string owner, string url = "https://hooks.example.com/") =>
        (await Client.CreateEndpointAsync(new() { OwnerId = owner, Url = url })).Endpoint;

    /// <summary>Somebody places orders.</summary>
    /// <param name="owner">Who.</param>
    /// <param name="text">More of what is told of each.</param>
    /// <param name="orderIds">Which; each is its owner's alone, as everywhere.</param>
    internal async Task PlaceAsync(string owner, string text, params string[] orderIds) => await HappensAsync([.. orderIds.Select(orderId => $"{orderId}.{owner}").Select(orderId =>
        new SourceEvent("/orders", Microservices.Webhooks.EventTypes.OrderPlaced, owner, orderId, 1, DateTimeOffset.UtcNow, new OrderEvent
        {
            Kind = OrderEventKind.Placed,
            Order = new Order { OrderId = orderId, UserId = owner, Version = 1, Lines = { new OrderLine { ProductId = text } } },
            Time = DateTimeOffset.UtcNow.ToTimestamp(),
        }))]);

    /// <summary>Waits until an endpoint has so many deliveries in a state.</summary>
    internal Task UntilAsync(Endpoint endpoint, DeliveryState state, int count) => Eventually.UntilAsync(
        async () => (await Client.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, State = state, PageSize = 500 })).Deliveries.Count == count, $"{count} deliveries are {state}");
}
