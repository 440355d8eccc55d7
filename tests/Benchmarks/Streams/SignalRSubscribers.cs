using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>
/// SignalR's own client, over WebSockets, with its automatic reconnect. A balancer would lead a connection that was lost to a replica
/// that is there; here the next attempt goes to another one than the last.
/// </summary>
internal sealed class SignalRSubscribers(Subscribe wanted, Arrivals arrivals) : Subscribers(wanted, arrivals)
{
    private readonly ConcurrentBag<HubConnection> connections = [];
    private readonly string[] addresses = wanted.Addresses;

    public override async ValueTask DisposeAsync()
    {
        foreach (var connection in connections)
            await connection.DisposeAsync();
    }

    protected override async Task OpenAsync(string address, (string Topic, Subscription Subscription)[] topics)
    {
        var next = Array.IndexOf(addresses, address);
        var connection = new HubConnectionBuilder()
            .WithUrl($"{address}/topics", options =>
            {
                options.SkipNegotiation = true;
                options.Transports = Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets;
                options.WebSocketFactory = async (context, cancellationToken) =>
                {
                    var socket = new ClientWebSocket();
                    var uri = new UriBuilder(context.Uri) { Port = new Uri(addresses[next++ % addresses.Length]).Port }.Uri;
                    await socket.ConnectAsync(uri, cancellationToken);
                    return socket;
                };
            })
            .AddMessagePackProtocol()
            .WithAutomaticReconnect()
            .Build();
        connections.Add(connection);
        var byTopic = topics.ToDictionary(t => t.Topic, t => t.Subscription);
        connection.On<byte[]>(TopicHub.Event, bytes =>
        {
            var (sequence, due) = Scanner.Event(bytes);
            var subscription = byTopic.Count == 1 ? topics[0].Subscription : byTopic[Scanner.UserOf(bytes)];
            subscription.Add(sequence, due, DateTime.UtcNow.Ticks);
        });
        connection.Reconnected += _ => SubscribeAsync();
        await connection.StartAsync();
        await SubscribeAsync();

        Task SubscribeAsync() => connection.InvokeAsync(nameof(TopicHub.Subscribe), byTopic.Keys.ToArray());
    }
}
