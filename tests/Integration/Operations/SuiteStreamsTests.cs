using System.Net;
using System.Text.Json;
using Grpc.Core;
using Microservices.Operations.V1;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Integration.Streaming;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>The open streams of the whole suite, over HTTP: what operators see of them, and what becomes of those that they drain or end.</summary>
public sealed class SuiteStreamsTests(OperatedHosts hosts) : IClassFixture<OperatedHosts>, IAsyncLifetime, IDisposable
{
    private readonly string ada = $"ada-{Guid.NewGuid():N}";
    private GatewayFactory gateway = null!;

    public Task InitializeAsync()
    {
        gateway = new(("Backends:Users:Addresses:0", hosts.UsersHost.Grpc), ("Backends:Orders:Addresses:0", hosts.OrdersHost.Grpc), ("Backends:Orders:Addresses:1", hosts.Other.Grpc));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task Streams_of_every_replica_are_told_of_as_they_are_now_until_they_end()
    {
        using var here = Tokens.Channel(hosts.OrdersHost.Grpc, Tokens.Authority.Person(ada));
        using var there = Tokens.Channel(hosts.Other.Grpc, Tokens.Authority.Person(ada));
        using var one = here.WatchOrders();
        using var other = there.WatchOrders();
        foreach (var stream in (List<AsyncDuplexStreamingCall<Microservices.Orders.V1.WatchOrdersRequest, Microservices.Orders.V1.WatchOrdersResponse>>)[one, other])
        {
            await stream.SubscribeAsync(7, s => (s.Key, s.FromEarliest) = (ada, false));
            await stream.NextAsync();
        }

        using var streams = await SuiteStreamsReader.StartAsync(gateway.Rest);
        var seen = await streams.UntilAsync(stream => IsAdas(stream, hosts.OrdersHost.Grpc) && stream.GetProperty("subscriptions").GetInt32() == 1);
        Assert.Equal(("orders", "event", "orders.v1.OrdersService/WatchOrders", false), (seen.Text("service"), seen.Text("kind"), seen.Text("method"), seen.GetProperty("draining").GetBoolean()));
        Assert.True(seen.GetProperty("tokenExpireTime").GetDateTimeOffset() > seen.GetProperty("openTime").GetDateTimeOffset());
        await streams.UntilAsync(stream => IsAdas(stream, hosts.Other.Grpc));

        for (var i = 0; i < 20; i++)
            await hosts.AppendAsync(ada, 100 * i, 100, padding: 2_000);
        var behind = await streams.UntilAsync(stream => IsAdas(stream, hosts.OrdersHost.Grpc) && stream.GetProperty("lag").GetInt64() > 500 && TopicsOf(stream).Length > 0);
        Assert.Equal([$"orders/user/{ada}"], TopicsOf(behind));
        // Nobody listens where Notifications is said to be: its streams are not said to be none.
        await streams.UntilAsync(() => streams.State.GetProperty("complete").GetBoolean() && streams.State.GetProperty("lost").EnumerateArray().Any(lost => lost.Text("service") == "notifications"));

        one.Dispose();
        await streams.UntilAsync(() => !streams.Open.Values.Any(stream => IsAdas(stream, hosts.OrdersHost.Grpc)) && streams.Open.Values.Any(stream => IsAdas(stream, hosts.Other.Grpc)));
    }

    [Fact]
    public async Task A_stream_is_ended_at_the_replica_that_has_it_and_one_that_is_not_there_is_not_found()
    {
        using var channel = Tokens.Channel(hosts.Other.Grpc, Tokens.Authority.Person(ada));
        using var stream = channel.WatchOrders();
        await stream.SubscribeAsync(1, s => (s.Key, s.FromEarliest) = (ada, false));
        await stream.NextAsync();
        using var streams = await SuiteStreamsReader.StartAsync(gateway.Rest);
        var id = (await streams.UntilAsync(one => IsAdas(one, hosts.Other.Grpc))).Text("streamId")!;

        await (await PostAsync("orders", hosts.OrdersHost.Grpc, $"{id}:end")).ProblemAsync(404);
        await (await PostAsync("users", hosts.Other.Grpc, $"{id}:end")).ProblemAsync(404);
        await (await PostAsync("nothing", hosts.Other.Grpc, $"{id}:drain")).ProblemAsync(404);
        await (await PostAsync("orders", "http://127.0.0.1:1", $"{id}:drain")).ProblemAsync(404);
        Assert.Equal(["must be an address, such as 10.0.0.7:5002"], (await (await gateway.Rest.PostAsync($"/v1/streams/orders/elsewhere%2Fpath/{id}:end", null)).ProblemAsync(400)).GetProperty("errors").GetProperty("replica").EnumerateArray().Select(text => text.GetString()));

        using var ended = await PostAsync("orders", hosts.Other.Grpc, $"{id}:end");
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => stream.NextAsync())).StatusCode);
        await streams.UntilAsync(() => !streams.Open.ContainsKey(id));
        await (await PostAsync("orders", hosts.Other.Grpc, $"{id}:end")).ProblemAsync(404);
    }

    [Fact]
    public async Task A_stream_that_cannot_be_drained_says_why()
    {
        using var commands = hosts.Orders.PlaceOrders();
        await commands.ResponseHeadersAsync;
        using var streams = await SuiteStreamsReader.StartAsync(gateway.Rest);
        var command = await streams.UntilAsync(one => one.Text("kind") == "command");
        Assert.Equal("CANNOT_DRAIN", (await (await PostAsync("orders", hosts.OrdersHost.Grpc, $"{command.Text("streamId")}:drain")).ProblemAsync(422)).Text("reason"));
    }

    [Fact]
    public async Task Streams_over_HTTP_are_seen_drained_and_ended_too()
    {
        var user = $"operator-{Guid.NewGuid():N}";
        using var http = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Authority.Operator(user))) { BaseAddress = gateway.RestAddress };
        using var streams = await SuiteStreamsReader.StartAsync(gateway.Rest);
        foreach (var action in (string[])["drain", "end"])
        {
            using var events = await SseClient.ReadyAsync(http, path: "/v1/operations/events");
            var seen = await streams.UntilAsync(stream => stream.Text("user") == user);
            Assert.Equal(("gateway", "sse", "GET /v1/operations/events"), (seen.Text("service"), seen.Text("kind"), seen.Text("method")));
            using var answer = await gateway.Rest.PostAsync($"/v1/streams/gateway/{seen.Text("replica")}/{seen.Text("streamId")}:{action}", null);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
            Assert.Equal(action == "drain" ? "draining" : null, await EndOfAsync(events));
            await streams.UntilAsync(() => streams.Open.Values.All(stream => stream.Text("user") != user));
        }
    }

    [Fact]
    public async Task Every_replica_is_asked_once_for_all_who_look_and_not_at_all_while_nobody_does()
    {
        using (var first = await SuiteStreamsReader.StartAsync(gateway.Rest))
        {
            using var second = await SuiteStreamsReader.StartAsync(gateway.Rest);
            await first.UntilAsync(() => first.State.GetProperty("complete").GetBoolean());
            await second.UntilAsync(() => second.State.GetProperty("complete").GetBoolean());
            Assert.Equal(1, await WatchesAsync());
        }

        await Eventually.UntilAsync(async () => await WatchesAsync() == 0, "the watches have ended");
    }

    // How many times the gateway watches a replica of Orders.
    private async Task<int> WatchesAsync()
    {
        using var watch = new StreamsService.StreamsServiceClient(hosts.Other.Channel).WatchStreams(new WatchStreamsRequest { User = "service:gateway", Method = "operations.v1.StreamsService/WatchStreams" });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.Timeout));
        return watch.ResponseStream.Current.Total;
    }

    private async Task<HttpResponseMessage> PostAsync(string service, string replica, string rest) => await gateway.Rest.PostAsync($"/v1/streams/{service}/{new Uri(replica).Authority}/{rest}", null);

    private bool IsAdas(JsonElement stream, string replica) => stream.Text("user") == ada && stream.Text("replica") == new Uri(replica).Authority;

    private static string[] TopicsOf(JsonElement stream) => [.. stream.GetProperty("mostBehind").EnumerateArray().SelectMany(subscription => subscription.GetProperty("topics").EnumerateArray()).Select(topic => topic.GetString()!)];

    // The reason that the client is told; null when it is cut off.
    private static async Task<string?> EndOfAsync(SseClient events)
    {
        try
        {
            SseEvent? last = null;
            while (await events.NextAsync() is { } next)
                last = next;
            return last?.Name == "end" ? last.Json.Text("reason") : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
