using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Microservices.Orders.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Webhooks;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;
using Endpoint = Microservices.Webhooks.V1.Endpoint;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>A receiver, its owner, and what tests of deliveries ask; on a database of either kind.</summary>
public abstract class WebhooksTestBase(WebhooksHost host) : IAsyncLifetime
{
    private protected readonly WebhooksHost host = host;
    private protected readonly string owner = $"owner-{Guid.NewGuid():n}";
    private protected HookReceiver receiver = null!;

    private protected Client Client => host.Client;

    public async Task InitializeAsync() => receiver = await HookReceiver.StartAsync();

    public async Task DisposeAsync() => await receiver.DisposeAsync();

    private protected static SourceEvent Placed(string orderId, string owner, long version = 1) =>
        new("/orders", version == 1 ? Microservices.Webhooks.EventTypes.OrderPlaced : Microservices.Webhooks.EventTypes.OrderAdvanced, owner, orderId, version, DateTimeOffset.UtcNow, new OrderEvent
        {
            Kind = version == 1 ? OrderEventKind.Placed : OrderEventKind.Advanced,
            Order = new Order { OrderId = orderId, UserId = owner, Version = version },
            Time = DateTimeOffset.UtcNow.ToTimestamp(),
        });

    /// <summary>Of an order that no other test has.</summary>
    private protected SourceEvent Placed(string orderId, long version = 1) => Placed($"{orderId}.{owner}", owner, version);

    private protected static string Subject(ReceivedHook hook) => Name(JsonDocument.Parse(hook.Body).RootElement.GetProperty("subject").GetString()!);

    /// <summary>What a test calls an order.</summary>
    private protected static string Name(string orderId) => orderId.Split('.')[0];

    private protected IEnumerable<string> Arrived(string path = "/hooks") =>
        receiver.Received.Where(hook => hook.Path == path).Select(hook => JsonDocument.Parse(hook.Body).RootElement).Select(e => $"{Name(e.GetProperty("subject").GetString()!)}/{e.GetProperty("type")}");

    private protected async Task<Endpoint> GetAsync(Endpoint endpoint) => (await Client.GetEndpointAsync(new() { EndpointId = endpoint.EndpointId })).Endpoint;

    private protected Task<Microservices.Webhooks.Endpoint?> RowAsync(Endpoint endpoint) =>
        host.Database.ReadAsync(context => context.Endpoints.FirstOrDefaultAsync(e => e.EndpointId == endpoint.EndpointId), default);

    private protected async Task DisableAsync(Endpoint endpoint) => await Client.UpdateEndpointAsync(new() { EndpointId = endpoint.EndpointId, Version = (await GetAsync(endpoint)).Version, Enabled = false });

    private protected async Task EnableAsync(Endpoint endpoint) => await Client.UpdateEndpointAsync(new() { EndpointId = endpoint.EndpointId, Version = (await GetAsync(endpoint)).Version, Enabled = true });

    private protected async Task<List<DeliveryEvent>> EventsAsync(string key, string cursor, Func<DeliveryEvent, bool> which, int count) => (await ReadAsync(key, cursor, events => events.Count(which) >= count)).Events;

    /// <summary>The place after all that there is.</summary>
    private protected async Task<string> LastCursorAsync(string key, string cursor)
    {
        var all = await host.Database.ReadAsync(context => context.Deliveries.CountAsync(d => d.OwnerId == key), default);
        var known = cursor.Length == 0 ? all : 1;
        return (await ReadAsync(key, cursor, events => events.Count(e => e.Kind == DeliveryEventKind.Created) >= known)).Cursor;
    }

    private protected async Task<(List<DeliveryEvent> Events, string Cursor)> ReadAsync(string key, string cursor, Func<List<DeliveryEvent>, bool> isEnough)
    {
        using var watch = Client.WatchDeliveries();
        await watch.RequestStream.WriteAsync(new WatchDeliveriesRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = key, Cursor = cursor, FromEarliest = cursor.Length == 0 } });
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        var events = new List<DeliveryEvent>();
        while (await watch.ResponseStream.MoveNext(timeout.Token))
        {
            Assert.Null(watch.ResponseStream.Current.Failed);
            events.AddRange(watch.ResponseStream.Current.Events?.Events ?? []);
            if (isEnough(events))
                return (events, watch.ResponseStream.Current.Events!.Cursor);
        }

        throw new InvalidOperationException("The stream has ended.");
    }

    private protected async Task<(Endpoint Endpoint, string Secret)> CreateAsync(Action<CreateEndpointRequest>? change = null)
    {
        var request = new CreateEndpointRequest { OwnerId = owner, Url = $"{receiver.Address}/hooks" };
        change?.Invoke(request);
        var created = await Client.CreateEndpointAsync(request);
        return (created.Endpoint, created.Secret);
    }

    private protected Task UntilAsync(Endpoint endpoint, DeliveryState state, int count, Func<Microservices.Webhooks.V1.Delivery, bool>? which = null) =>
        Eventually.UntilAsync(async () =>
        {
            var page = await Client.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, State = state, PageSize = 500 });
            return page.Deliveries.Count(d => which?.Invoke(d) ?? true) == count;
        }, $"{count} deliveries are {state}");
}
