using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Endpoint = Microservices.Webhooks.V1.Endpoint;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>What is sent to an endpoint, as events over HTTP.</summary>
public sealed class EndpointEventsTests(HooksGateway hooks) : IClassFixture<HooksGateway>, IAsyncLifetime
{
    private readonly string ada = $"ada-{Guid.NewGuid():n}";
    private HookReceiver receiver = null!;
    private HttpClient asAda = null!;

    public async Task InitializeAsync() => (receiver, asAda) = (await HookReceiver.StartAsync(), hooks.As(ada));

    public async Task DisposeAsync()
    {
        asAda.Dispose();
        await receiver.DisposeAsync();
    }

    [Fact]
    public async Task After_a_webhook_cursor_comes_exactly_what_was_made_after_it_as_it_is_sent_and_after_each_id_the_rest()
    {
        var (endpoint, other) = (await hooks.EndpointAsync(ada, $"{receiver.Address}/mine"), await hooks.EndpointAsync(ada, $"{receiver.Address}/other"));
        await hooks.PlaceAsync(ada, "tea", "o1", "o2");
        await hooks.UntilAsync(endpoint, DeliveryState.Delivered, 2);
        await hooks.UntilAsync(other, DeliveryState.Delivered, 2);
        // The watermark that comes with the next message is about there: what was delivered may not be in it yet.
        await hooks.PlaceAsync(ada, "tea", "o3");
        await Eventually.UntilAsync(() => receiver.Received.Any(hook => hook.Path == "/mine" && Subject(hook.Body) == "o3"), "the third is sent");
        var cursor = receiver.Received.Single(hook => hook.Path == "/mine" && Subject(hook.Body) == "o3").Cursor;
        receiver.AnswerAll(500);
        await hooks.PlaceAsync(ada, "tea", "o4", "o5", "o6");

        using var client = await ReadyAsync(endpoint, cursor);
        var events = new List<SseEvent>();
        while (events.Count == 0 || Subject(events[^1]) != "o6")
            events.AddRange(await client.NextAsync(1));
        Assert.InRange(events.Count, 4, 6);
        Assert.Equal(Enumerable.Range(7 - events.Count, events.Count).Select(n => $"o{n}"), events.Select(Subject));
        Assert.All(events, e => Assert.Equal("message", e.Name));
        await Eventually.UntilAsync(() => receiver.Received.Where(hook => hook.Path == "/mine").DistinctBy(hook => hook.Id).Count() == 6, "all were sent");
        var sent = receiver.Received.Where(hook => hook.Path == "/mine").DistinctBy(hook => hook.Id).ToDictionary(hook => hook.Id, hook => Encoding.UTF8.GetString(hook.Body));
        Assert.All(events, e => Assert.Equal(sent[e.Json.Text("id")!], e.Data));

        foreach (var (i, e) in events.Index())
        {
            using var resumed = await ReadyAsync(endpoint, e.LastEventId);
            Assert.Equal(events.Skip(i + 1).Select(later => later.Data), (await resumed.NextAsync(events.Count - 1 - i)).Select(later => later.Data));
        }

        // What comes now is the next event of each.
        using var last = await ReadyAsync(endpoint, events[^1].LastEventId);
        await hooks.PlaceAsync(ada, "tea", "o7");
        Assert.Equal("o7", Subject((await last.NextAsync())!));
        Assert.Equal("o7", Subject((await client.NextAsync())!));
    }

    [Fact]
    public async Task What_was_read_and_confirmed_by_the_last_id_is_not_sent()
    {
        receiver.AnswerAll(500);
        var endpoint = await hooks.EndpointAsync(ada, $"{receiver.Address}/");
        using var client = await ReadyAsync(endpoint, null);
        await hooks.PlaceAsync(ada, "tea", "o1", "o2");
        var events = await client.NextAsync(2);
        // The id goes on with what this reader is not told, such as that an attempt has failed.
        while (client.Parser.LastEventId == events[^1].LastEventId)
            Assert.True(await client.ReadAsync());

        using var confirmed = await asAda.SendAsync(HttpMethod.Post, $"/v1/webhooks/endpoints/{endpoint.EndpointId}:confirm", Http.Body($$"""{"cursor":"{{client.Parser.LastEventId}}"}"""));
        Assert.Equal(2, (await confirmed.JsonAsync()).GetProperty("count").GetInt32());
        await hooks.UntilAsync(endpoint, DeliveryState.Delivered, 2);
    }

    [Fact]
    public async Task Read_until_now_they_end_with_the_last_that_was_there_and_what_is_left_is_sent_at_once_when_they_are_confirmed()
    {
        receiver.AnswerAll(500);
        var endpoint = await hooks.EndpointAsync(ada, $"{receiver.Address}/");
        string start;
        using (var client = await ReadyAsync(endpoint, null))
            start = client.Parser.LastEventId;
        Assert.Empty((await UntilNowAsync(start)).Events);
        await FailsTwiceAsync("o1");
        var (events, id) = await UntilNowAsync(start);
        Assert.Equal(["o1"], events.Select(Subject));
        Assert.Empty((await UntilNowAsync(id)).Events);
        await FailsTwiceAsync("o2");
        Assert.Equal(["o2"], (await UntilNowAsync(id)).Events.Select(Subject));

        receiver.AnswerAll(200);
        using var confirmed = await asAda.SendAsync(HttpMethod.Post, $"/v1/webhooks/endpoints/{endpoint.EndpointId}:confirm", Http.Body($$"""{"cursor":"{{id}}"}"""));
        await hooks.UntilAsync(endpoint, DeliveryState.Delivered, 2);
        Assert.Equal((1, "o2"), ((await confirmed.JsonAsync()).GetProperty("count").GetInt32(), Subject(receiver.Received.Last().Body)));

        // By itself it is sent again after minutes only.
        async Task FailsTwiceAsync(string order)
        {
            await hooks.PlaceAsync(ada, "tea", order);
            await Eventually.UntilAsync(() => receiver.Received.Count(hook => Subject(hook.Body) == order) > 1, "it was sent twice");
        }

        async Task<(List<SseEvent> Events, string Id)> UntilNowAsync(string cursor)
        {
            using var client = await SseClient.ReadyAsync(asAda, cursor, "?untilNow=true", Path(endpoint));
            var read = new List<SseEvent>();
            while ((await client.NextAsync())! is { Name: not "end" } next)
                read.Add(next);
            Assert.Null(await client.NextAsync());
            return (read, client.Parser.LastEventId);
        }
    }

    [Fact]
    public async Task What_becomes_of_its_deliveries_comes_once_in_order_and_after_each_id_the_rest()
    {
        var (endpoint, other) = (await hooks.EndpointAsync(ada, $"{receiver.Address}/"), await hooks.EndpointAsync(ada, $"{receiver.Address}/other"));
        using var client = await DeliveriesAsync(endpoint);
        await hooks.PlaceAsync(ada, "tea", "o1");
        var events = await client.NextAsync(2);
        var delivery = events[1].Json.GetProperty("delivery");
        using var replayed = await asAda.SendAsync(HttpMethod.Post, $"/v1/webhooks/endpoints/{endpoint.EndpointId}:replay", Http.Body($$"""{"deliveryIds":["{{delivery.Text("deliveryId")}}"]}"""));
        events = [.. events, .. await client.NextAsync(2)];
        receiver.AnswerAll(410);
        await hooks.PlaceAsync(ada, "tea", "o2");
        events = [.. events, .. await client.NextAsync(3)];

        Assert.All(events, e => Assert.Equal("delivery", e.Name));
        Assert.Equal(["created", "delivered", "replayed", "delivered", "created", "attempted", "endpoint_disabled"], events.Select(e => e.Json.Text("kind")));
        var deliveries = events.Take(6).Select(e => e.Json.GetProperty("delivery")).ToList();
        Assert.All(deliveries, d => Assert.Equal(endpoint.EndpointId, d.Text("endpointId")));
        Assert.Equal(["pending", "delivered", "pending", "delivered", "pending", "pending"], deliveries.Select(d => d.Text("state")));
        Assert.False(events[6].Json.TryGetProperty("delivery", out _));
        await hooks.UntilAsync(other, DeliveryState.Delivered, 1);

        foreach (var (i, e) in events.Index())
        {
            using var resumed = await DeliveriesAsync(endpoint, e.LastEventId);
            Assert.Equal(events.Skip(i + 1).Select(later => later.Data), (await resumed.NextAsync(events.Count - 1 - i)).Select(later => later.Data));
        }
    }

    [Fact]
    public async Task A_cursor_of_another_owner_is_refused_by_its_name()
    {
        var endpoint = await hooks.EndpointAsync(ada);
        var others = await hooks.EndpointAsync("bob");
        string id;
        using (var client = await SseClient.ReadyAsync(hooks.Gateway.Rest, path: Path(others)))
            id = client.Parser.LastEventId;
        Assert.Equal(["Last-Event-ID"], (await (await SseClient.GetAsync(asAda, id, path: Path(endpoint))).ProblemAsync(400)).Fields());
        Assert.Equal(["lastEventId"], (await (await SseClient.GetAsync(asAda, null, $"?lastEventId={id}", Path(endpoint))).ProblemAsync(400)).Fields());
    }

    [Fact]
    public async Task A_reader_that_does_not_read_is_cut_off_and_the_others_miss_nothing()
    {
        const int Events = 200;
        await using var other = hooks.AnotherGateway(("Events:WriteTimeout", "00:00:00.3"));
        var endpoint = await hooks.EndpointAsync(ada);
        using var good = await SseClient.ReadyAsync(other.Rest, path: Path(endpoint));
        using var stalled = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await stalled.ConnectAsync(other.RestAddress.Host, other.RestAddress.Port);
        await stalled.SendAsync(Encoding.ASCII.GetBytes($"GET {Path(endpoint)} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {Tokens.Authority.Operator()}\r\n\r\n"));

        var reading = good.NextAsync(Events);
        for (var i = 0; i < Events; i += 20)
            await hooks.PlaceAsync(ada, new string('x', 60_000), [.. Enumerable.Range(i, 20).Select(n => $"{n}")]);

        Assert.Equal(Enumerable.Range(0, Events).Select(n => $"{n}"), (await reading).Select(Subject));
        await Eventually.UntilAsync(() => IsCut(stalled), "the connection is cut");
    }

    private static string Path(Endpoint endpoint) => $"/v1/webhooks/endpoints/{endpoint.EndpointId}/events";

    private static string Subject(byte[] body) => JsonDocument.Parse(body).RootElement.GetProperty("subject").GetString()!.Split('.')[0];

    private static string Subject(SseEvent e) => e.Json.Text("subject")!.Split('.')[0];

    private static bool IsCut(Socket socket)
    {
        try
        {
            socket.Send("x"u8);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private Task<SseClient> DeliveriesAsync(Endpoint endpoint, string? id = null) => SseClient.ReadyAsync(asAda, id, path: $"/v1/webhooks/endpoints/{endpoint.EndpointId}/deliveries/events");

    private Task<SseClient> ReadyAsync(Endpoint endpoint, string? cursor) => SseClient.ReadyAsync(asAda, cursor, path: Path(endpoint));
}
