using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Where a client of events over HTTP goes on after it was cut off, before services whose events a test writes. Each test has services of its own.</summary>
public sealed class UserEventsResumeTests : IAsyncLifetime, IDisposable
{
    private readonly GatewayFixture gateway = new();

    public Task InitializeAsync() => gateway.InitializeAsync();

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Theory]
    [InlineData(10)]
    [InlineData(3)]
    [InlineData(20)]
    public async Task A_client_cut_off_after_any_event_of_a_batch_goes_on_with_the_next_at_another_replica(int pageWhenResumed)
    {
        await using var other = gateway.AnotherGateway();
        using var client = await SseClient.ReadyAsync(gateway.Rest);
        gateway.Orders.Topic.Append(TestEvents.Orders(1, 10));
        var first = await client.NextAsync(10);
        Assert.Equal(Array.ConvertAll<string, string>(["0~1.0", "0~2.0", "0~3.0", "0~4.0", "0~5.0", "0~6.0", "0~7.0", "0~8.0", "0~9.0", "10.0"], Ids.Event), first.Select(e => e.LastEventId));
        gateway.Orders.Topic.Append(TestEvents.Orders(11, 5));
        gateway.Orders.Topic.PageEvents = pageWhenResumed;

        foreach (var seen in Enumerable.Range(1, 10))
        {
            var id = first[seen - 1].LastEventId;
            using var resumed = seen % 2 == 0 ? await SseClient.OpenAsync(other.Rest, id) : await SseClient.OpenAsync(other.Rest, query: $"?lastEventId={id}");
            var rest = await OrdersAsync(resumed, 15 - seen);
            Assert.Equal(Enumerable.Range(seen + 1, 15 - seen).Select(i => $"{i}"), rest.Select(e => e.Subject));
            Assert.Equal(Ids.Event("15.0"), rest[^1].LastEventId);
        }
    }

    [Fact]
    public async Task A_client_cut_off_before_its_first_event_goes_on_without_a_loss()
    {
        string id;
        using (var client = await SseClient.ReadyAsync(gateway.Rest))
            id = client.Parser.LastEventId;
        gateway.Notifications.Topic.Append(TestEvents.Notification("n1"));
        using var resumed = await SseClient.ReadyAsync(gateway.Rest, id, "?lastEventId=nonsense-that-the-header-goes-before");
        Assert.Equal("n1", (await resumed.NextAsync())?.Subject);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("1.2.3")]
    [InlineData("1.")]
    [InlineData("1~.2")]
    [InlineData("1~-1.2")]
    [InlineData("1~99999999999.2")]
    [InlineData("a b.c")]
    [InlineData("0.0")]
    [InlineData("0.0.")]
    [InlineData("0.0.0000000000000000")]
    public async Task A_place_that_is_none_is_refused_by_its_name(string id)
    {
        var problem = await (await SseClient.GetAsync(gateway.Rest, id)).ProblemAsync(400);
        Assert.Equal(["Last-Event-ID"], problem.Fields());
        problem = await (await SseClient.GetAsync(gateway.Rest, query: "?lastEventId=" + Uri.EscapeDataString(id))).ProblemAsync(400);
        Assert.Equal(["lastEventId"], problem.Fields());
    }

    [Fact]
    public async Task An_id_with_a_changed_character_or_swapped_halves_or_of_another_user_or_stream_is_refused_and_nothing_is_replayed_or_skipped()
    {
        string good;
        gateway.Orders.Topic.Append(TestEvents.Orders(0, 10));
        using (var client = await SseClient.ReadyAsync(gateway.Rest, Ids.Event("0.0")))
            good = (await client.NextAsync(5))[^1].LastEventId;
        Assert.Equal(Ids.Event("0~5.0"), good);

        var halves = good.Split('.');
        var bad = new List<string> { Ids.Overview("0~5.0"), good.Replace("ada", "bob", StringComparison.Ordinal) + "0", $"{halves[1]}.{halves[0]}.{halves[2]}", $"{halves[0]}.{halves[1]}", $"{halves[0]}.1.{halves[2]}", good + " " };
        for (var i = 0; i < good.Length; i++)
        {
            bad.Add(good[..i] + (good[i] == '1' ? '2' : '1') + good[(i + 1)..]);
            bad.Add(good.Remove(i, 1));
        }

        foreach (var id in bad.Where(id => id.Trim() != good))
            Assert.Equal(["lastEventId"], (await (await SseClient.GetAsync(gateway.Rest, query: "?lastEventId=" + Uri.EscapeDataString(id))).ProblemAsync(400)).Fields());
        var ofAnother = await gateway.Rest.SendAsync(HttpMethod.Get, "/v1/users/bob/events", header: ("Last-Event-ID", good));
        Assert.Equal(["Last-Event-ID"], (await ofAnother.ProblemAsync(400)).Fields());
        using var resumed = await SseClient.ReadyAsync(gateway.Rest, good);
        Assert.Equal("5", (await resumed.NextAsync())?.Subject);
    }

    [Theory]
    [InlineData("0.unknown", "notifications")]
    [InlineData("unknown.0", "orders")]
    [InlineData("unknown~3.0", "orders")]
    public async Task A_half_that_its_service_refuses_is_a_reset_of_that_source_and_the_stream_goes_on(string places, string source)
    {
        gateway.Orders.Topic.Append(TestEvents.Order("before"));
        gateway.Notifications.Topic.Append(TestEvents.Notification("before"));

        using var client = await SseClient.ReadyAsync(gateway.Rest, Ids.Event(places));
        var events = await client.NextAsync(2);
        Assert.Equal($$"""{"reason":"unknown","source":"{{source}}"}""", Assert.Single(events, e => e.Name == "reset").Data);
        Assert.Equal("before", Assert.Single(events, e => e.Name != "reset").Subject);
        Assert.Equal(Ids.Event("1.1"), events[^1].LastEventId);

        gateway.Orders.Topic.Append(TestEvents.Order("o1"));
        Assert.Equal("o1", (await client.NextAsync())?.Subject);
        gateway.Notifications.Topic.Append(TestEvents.Notification("n1"));
        Assert.Equal("n1", (await client.NextAsync())?.Subject);
    }

    [Fact]
    public async Task While_one_source_cannot_be_reached_the_others_events_go_on_from_where_they_were()
    {
        await using var other = gateway.AnotherGateway(
            ("Backends:Notifications:Addresses:0", $"http://127.0.0.1:{Eventually.FreePort()}"), ("Events:StartTimeout", "00:00:00.05"));
        gateway.Orders.Topic.Append(TestEvents.Orders(1, 3));

        using var resumed = await SseClient.ReadyAsync(other.Rest, Ids.Event("1.0"));
        Assert.Equal([("2", Ids.Event("1~1.0")), ("3", Ids.Event("3.0"))], (await resumed.NextAsync(2)).Select(e => (e.Subject, e.LastEventId)));

        // Without a place to resume from, an event could have no id: the stream stands, and waits.
        using var fresh = await SseClient.OpenAsync(other.Rest);
        Assert.True(await fresh.ReadAsync());
        Assert.Equal(("2000", ""), (fresh.Parser.Retry, fresh.Parser.LastEventId));
    }

    private static async Task<List<SseEvent>> OrdersAsync(SseClient client, int count)
    {
        var orders = new List<SseEvent>();
        while (orders.Count < count)
        {
            if (await client.NextAsync() is { Name: "order" } order)
                orders.Add(order);
        }

        return orders;
    }
}
