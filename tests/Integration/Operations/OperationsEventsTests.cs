using System.Text.Json;
using Grpc.Core;
using Microservices.Gateway.Operations;
using Microservices.Operations.V1;
using Microservices.Orders.V1;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>What operators see of the whole suite, over HTTP.</summary>
public sealed class OperationsEventsTests(OperatedHosts hosts) : IClassFixture<OperatedHosts>, IAsyncLifetime, IDisposable
{
    private GatewayFactory gateway = null!;

    public Task InitializeAsync()
    {
        gateway = new(("Backends:Users:Addresses:0", hosts.UsersHost.Grpc), ("Backends:Orders:Addresses:0", hosts.OrdersHost.Grpc), ("Backends:Orders:Addresses:1", hosts.Other.Grpc));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task Every_replica_is_seen_with_what_it_does_and_one_that_is_away_is_said_to_be()
    {
        using var events = await SseClient.ReadyAsync(gateway.Rest, path: "/v1/operations/events");
        // Nobody listens where Notifications and Identity are said to be.
        await UntilAsync(events, status => Of(status, "orders") is ["healthy", "healthy"] && Of(status, "users") is ["healthy"] && Of(status, "gateway") is [not ("lost" or "unknown")] && Of(status, "notifications") is ["lost"]
            && status.GetProperty("alerts").EnumerateArray().Any(alert => alert.Text("service") == "notifications" && alert.Text("severity") == "critical"));

        for (var i = 0; i < 20; i++)
            await Assert.ThrowsAsync<RpcException>(async () => await hosts.Orders.GetOrderAsync(new GetOrderRequest { OrderId = Guid.NewGuid().ToString() }));
        await UntilAsync(events, status => Service(status, "orders") is var orders && orders.GetProperty("requestsPerSecond").GetDouble() > 0 && orders.TryGetProperty("p99Ms", out var p99) && p99.GetDouble() > 0);
    }

    [Fact]
    public async Task Nothing_is_measured_while_nobody_looks()
    {
        using (var first = await SseClient.ReadyAsync(gateway.Rest, path: "/v1/operations/events"))
        {
            using var second = await SseClient.ReadyAsync(gateway.Rest, path: "/v1/operations/events");
            await UntilAsync(first, status => Of(status, "orders") is ["healthy", "healthy"]);
            // However many look, each process is asked once.
            Assert.Equal(1, await WatchesAsync());
        }

        await Eventually.UntilAsync(async () => await WatchesAsync() == 0, "the watches have ended");
    }

    [Fact]
    public async Task A_stream_ends_with_its_token()
    {
        using var http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Authority.Operator(lifetime: TimeSpan.FromSeconds(2)))) { BaseAddress = gateway.RestAddress };
        using var events = await SseClient.ReadyAsync(http, path: "/v1/operations/events");
        SseEvent? last = null;
        while (await events.NextAsync() is { } next)
            last = next;
        Assert.Equal(("end", "expired"), (last!.Name, last.Json.Text("reason")));
    }

    [Fact]
    public void The_p99_of_replicas_is_that_of_all_their_requests_together()
    {
        double[] bounds = [0.001, 0.01, 0.1];
        Latency Of(params long[] counts) => new() { UpperBounds = { bounds }, Counts = { counts } };

        Assert.Null(StatusMapping.Quantile(0.99, [Of(0, 0, 0, 0)]));
        Assert.Null(StatusMapping.Quantile(0.99, []));
        Assert.Equal(0.00099, StatusMapping.Quantile(0.99, [Of(100, 0, 0, 0)])!.Value, 6);
        // 98 of 100 are below 1 ms: the 99th is the middle one of the two above.
        Assert.Equal(0.0055, StatusMapping.Quantile(0.99, [Of(90, 0, 0, 0), Of(8, 2, 0, 0)])!.Value, 6);
        Assert.Equal(0.1, StatusMapping.Quantile(0.99, [Of(0, 0, 0, 7)])!.Value, 6);
    }

    // How many watch a replica of Orders, but for the one that counts.
    private async Task<int> WatchesAsync()
    {
        using var watch = new StreamsService.StreamsServiceClient(hosts.Other.Channel).WatchStreams(new WatchStreamsRequest { Method = "operations.v1.OperationsService/WatchProcess" });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        return watch.ResponseStream.Current.Total;
    }

    private static async Task UntilAsync(SseClient events, Func<JsonElement, bool> isSo)
    {
        using var late = new CancellationTokenSource(Eventually.Timeout);
        var last = "";
        while (await events.NextAsync() is { Name: "operations" } next && !late.IsCancellationRequested)
        {
            last = next.Data;
            if (isSo(next.Json))
                return;
        }

        Assert.Fail(last);
    }

    private static JsonElement Service(JsonElement status, string name) => status.GetProperty("services").EnumerateArray().FirstOrDefault(service => service.Text("service") == name);

    // None before it is found.
    private static string[] Of(JsonElement status, string service) => Service(status, service) is not { ValueKind: JsonValueKind.Object } found ? [] : [.. found.GetProperty("replicas").EnumerateArray().Select(replica => replica.Text("health")!)];
}
