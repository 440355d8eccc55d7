using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microservices.Operations.V1;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Operations;

/// <summary>The topics of the whole suite, over HTTP: what operators see of them, and of the events in one.</summary>
public sealed class SuiteTopicsTests(OperatedHosts hosts) : IClassFixture<OperatedHosts>, IAsyncLifetime, IDisposable
{
    private readonly string ada = $"ada-{Guid.NewGuid():N}";
    private GatewayFactory gateway = null!;

    private string Topic => $"orders/user/{ada}";

    private string Path => $"/v1/topics/orders/{Topic}/events";

    public Task InitializeAsync()
    {
        gateway = new(("Backends:Users:Addresses:0", hosts.UsersHost.Grpc), ("Backends:Orders:Addresses:0", hosts.OrdersHost.Grpc), ("Backends:Orders:Addresses:1", hosts.Other.Grpc));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task Topics_of_every_service_are_one_list_with_the_readers_of_every_replica()
    {
        for (var i = 0; i < 3; i++)
            await hosts.CommitAsync($"{ada}-{i}", 1, 10 + i);
        var user = (await hosts.NewUserAsync()).UserId;
        using var here = new TopicWatcher(hosts.OrdersHost.Channel, new() { Topic = $"{Topic}-1" });
        using var there = new TopicWatcher(hosts.Other.Channel, new() { Topic = $"{Topic}-1" });
        await here.NextAsync();
        await there.NextAsync();

        var topics = await ListAsync($"prefix={Topic}&pageSize=2");
        Assert.Equal([0, 1, 2], topics.Select(topic => topic.GetProperty("head").GetInt32() - 10));
        Assert.Equal([0, 2, 0], topics.Select(topic => topic.GetProperty("readers").GetInt32()));
        Assert.All(topics, topic => Assert.Equal(("orders", 1), (topic.Text("service"), topic.GetProperty("tail").GetInt32())));

        // Page after page, through all of the services.
        var all = await ListAsync("pageSize=3");
        Assert.Equal(all.Select(NameOf).Order(StringComparer.Ordinal), all.Select(NameOf));
        Assert.Contains($"users users/user/{user}", all.Select(NameOf));
        Assert.Contains($"orders {Topic}-2", all.Select(NameOf));
        Assert.All(await ListAsync("service=users"), topic => Assert.Equal("users", topic.Text("service")));

        // Nobody listens where the others are said to be: their topics are not said to be none.
        var page = await (await gateway.Rest.GetAsync("/v1/topics?pageSize=200")).JsonAsync();
        Assert.Equal(["identity", "jobs", "notifications", "webhooks"], page.GetProperty("silent").EnumerateArray().Select(replica => replica.Text("service")).Distinct());
    }

    [Fact]
    public async Task Whoever_lists_them_again_and_again_opens_no_connection_for_it()
    {
        await ListAsync("service=orders");
        var port = new Uri(hosts.OrdersHost.Grpc).Port;
        var opened = 0;
        using var connections = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "kestrel.active_connections")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        connections.SetMeasurementEventCallback<long>((_, change, tags, _) =>
        {
            if (change > 0 && tags.ToArray().Contains(new("server.port", port)))
                Interlocked.Increment(ref opened);
        });
        connections.Start();

        for (var i = 0; i < 10; i++)
            await ListAsync("service=orders");

        Assert.Equal(0, opened);
        // Those of somebody new are seen.
        using var another = Tokens.Channel(hosts.OrdersHost.Grpc, Tokens.Authority.Operator());
        await new TopicsService.TopicsServiceClient(another).ListTopicsAsync(new());
        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task Events_of_a_topic_are_shown_from_an_offset_and_go_on_from_the_last_id()
    {
        await hosts.CommitAsync(ada, 1, 30);
        using (var client = await SseClient.ReadyAsync(gateway.Rest, path: $"{Path}?offset=11"))
        {
            var (shown, position) = await UntilAsync(client, 30);
            Assert.Equal(Enumerable.Range(11, 20), shown.Select(e => e.Json.GetProperty("offset").GetInt32()));
            Assert.Equal(("orders.v1.OrderEvent", "20"), (shown[9].Json.Text("messageType"), shown[9].Json.GetProperty("value").GetProperty("order").Text("orderId")));
            Assert.Equal(shown[9].Json.GetProperty("size").GetInt32(), shown[9].Json.GetProperty("payload").GetBytesFromBase64().Length);
            Assert.Equal((30, 0), (position.Json.GetProperty("head").GetInt32(), position.Json.GetProperty("leftOut").GetInt32()));

            await hosts.CommitAsync(ada, 31, 5);
            using var again = await SseClient.ReadyAsync(gateway.Rest, lastEventId: shown[^1].LastEventId, path: Path);
            Assert.Equal([31, 32, 33, 34, 35], (await UntilAsync(again, 35)).Shown.Select(e => e.Json.GetProperty("offset").GetInt32()));
        }

        // A client may escape what is between the names.
        using var tenth = await SseClient.ReadyAsync(gateway.Rest, path: $"/v1/topics/orders/{Uri.EscapeDataString(Topic)}/events?time=2020-01-01T00:00:00Z&key=tenth");
        Assert.Equal([10, 20, 30], (await UntilAsync(tenth, 35)).Shown.Select(e => e.Json.GetProperty("offset").GetInt32()));
    }

    [Fact]
    public async Task What_comes_faster_than_is_shown_is_counted_exactly()
    {
        await hosts.CommitAsync(ada, 1, 1);
        using var client = await SseClient.ReadyAsync(gateway.Rest, path: $"{Path}?maxEventsPerSecond=5");
        Assert.Equal("position", (await client.NextAsync())!.Name);
        await hosts.CommitAsync(ada, 2, 400);
        var (shown, position) = await UntilAsync(client, 401);
        Assert.Equal(400, shown.Count + position.Json.GetProperty("leftOut").GetInt32());
        Assert.InRange(shown.Count, 1, 399);
    }

    [Fact]
    public async Task A_replica_that_leaves_ends_the_stream_and_another_one_goes_on()
    {
        await hosts.CommitAsync(ada, 1, 3);
        string? last;
        await using (var leaving = await hosts.AnotherOrdersAsync())
        {
            await using var only = new GatewayFactory(("Backends:Orders:Addresses:0", leaving.Grpc));
            using var client = await SseClient.ReadyAsync(only.Rest, path: $"{Path}?offset=1");
            last = (await UntilAsync(client, 3)).Position.LastEventId;
            var stopping = leaving.DisposeAsync();
            SseEvent? end = null;
            while (await client.NextAsync() is { } next)
                end = next;
            Assert.Equal(("end", "draining"), (end!.Name, end.Json.Text("reason")));
            await stopping;
        }

        await hosts.CommitAsync(ada, 4, 2);
        using var again = await SseClient.ReadyAsync(gateway.Rest, lastEventId: last, path: Path);
        Assert.Equal([4, 5], (await UntilAsync(again, 5)).Shown.Select(e => e.Json.GetProperty("offset").GetInt32()));
    }

    [Fact]
    public async Task They_are_not_for_users_and_what_cannot_be_is_refused()
    {
        await hosts.CommitAsync(ada, 1, 3);
        using var user = new HttpClient(Tokens.Bearer(new SocketsHttpHandler(), Tokens.Authority.Person(ada))) { BaseAddress = gateway.RestAddress };
        foreach (var path in (string[])["/v1/topics", Path])
            await (await user.GetAsync(path)).ProblemAsync(403);

        foreach (var (query, field) in (List<(string, string)>)[("offset=0", "offset"), ("offset=5", "offset"), ("offset=x", "offset"), ("time=yesterday", "time"), ("lastEventId=x", "lastEventId"), ("maxEventsPerSecond=-1", "maxEventsPerSecond")])
            await RefusedAsync($"{Path}?{query}", field);
        await RefusedAsync("/v1/topics/orders/a%20b/events", "topic");
        await RefusedAsync($"/v1/topics/orders/{Topic}", "path");
        await RefusedAsync("/v1/topics/orders", "path");
        await RefusedAsync("/v1/topics?pageToken=x", "pageToken");
        await RefusedAsync("/v1/topics?pageSize=-1", "pageSize");
        await RefusedAsync("/v1/topics?prefix=%25", "prefix");
        foreach (var path in (string[])["/v1/topics?service=nothing", $"/v1/topics/nothing/{Topic}/events", $"/v1/topics/orders/{Topic}-x/events", $"/v1/topics/gateway/{Topic}/events"])
            await (await gateway.Rest.GetAsync(path)).ProblemAsync(404);
        await (await gateway.Rest.GetAsync($"/v1/topics/notifications/{Topic}/events")).ProblemAsync(503);

        using var head = await gateway.Rest.SendAsync(new(HttpMethod.Head, Path));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (head.StatusCode, head.Content.Headers.ContentType!.MediaType));

        async Task RefusedAsync(string path, string field) =>
            Assert.Equal([field], (await (await gateway.Rest.GetAsync(path)).ProblemAsync(400)).GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    private static string NameOf(JsonElement topic) => $"{topic.Text("service")} {topic.Text("topic")}";

    private async Task<List<JsonElement>> ListAsync(string query)
    {
        var (topics, token) = (new List<JsonElement>(), "");
        do
        {
            var page = await (await gateway.Rest.GetAsync($"/v1/topics?{query}&pageToken={token}")).JsonAsync();
            topics.AddRange(page.GetProperty("topics").EnumerateArray());
            token = page.TryGetProperty("nextPageToken", out var next) ? next.GetString() : null;
        }
        while (token is not null);
        return topics;
    }

    /// <summary>Reads until the watch has come to an offset: what was shown by then, and the position.</summary>
    private static async Task<(List<SseEvent> Shown, SseEvent Position)> UntilAsync(SseClient client, int offset)
    {
        var shown = new List<SseEvent>();
        using var late = new CancellationTokenSource(Eventually.Timeout);
        while (await client.NextAsync() is { } next)
        {
            Assert.False(late.IsCancellationRequested);
            if (next.Name == "event")
                shown.Add(next);
            else if (next.Name == "position" && next.Json.GetProperty("offset").GetInt32() >= offset)
                return (shown, next);
        }

        throw new InvalidOperationException("The stream has ended.");
    }
}
