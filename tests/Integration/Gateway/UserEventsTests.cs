using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Events over HTTP, before services whose events a test writes. Each test has services of its own.</summary>
public sealed class UserEventsTests : IAsyncLifetime, IDisposable
{
    private readonly GatewayFixture gateway = new();

    public Task InitializeAsync() => gateway.InitializeAsync();

    public Task DisposeAsync() => gateway.DisposeAsync();

    public void Dispose() => gateway.Dispose();

    [Fact]
    public async Task Orders_and_notifications_come_as_REST_has_them_one_line_each()
    {
        using var client = await SseClient.OpenAsync(gateway.Rest);
        Assert.Equal("text/event-stream", client.Response.Content.Headers.ContentType?.ToString());
        Assert.True(client.Response.Headers.CacheControl?.NoStore);
        Assert.Equal("no", client.Response.Headers.GetValues("X-Accel-Buffering").Single());
        Assert.Equal(new SseEvent("ready", """{"heartbeatMs":15000}""", Ids.Event("0.0")), await client.NextAsync());
        Assert.Equal("2000", client.Parser.Retry);

        gateway.Orders.Topic.Append(TestEvents.Order("o1", 2));
        Assert.Equal(new SseEvent("order", """
            {"kind":"advanced","order":{"orderId":"o1","userId":"ada","state":"paid","lines":[{"productId":"tea","quantity":2,"unitPrice":{"amount":"6.25","currency":"EUR"},"discountBasisPoints":0,"total":{"amount":"12.50","currency":"EUR"}}],"total":{"amount":"12.50","currency":"EUR"},"version":2,"placeTime":"2026-01-31T12:00:00Z","updateTime":"2026-01-31T13:00:00Z"},"time":"2026-01-31T13:00:00Z"}
            """, Ids.Event("1.0")), await client.NextAsync());

        gateway.Notifications.Topic.Append(TestEvents.Notification("n1"));
        Assert.Equal(new SseEvent("notification", """
            {"kind":"created","notification":{"notificationId":"n1","userId":"ada","kind":"placed","orderId":"o1","orderVersion":1,"orderState":"placed","eventTime":"2026-01-31T13:00:00Z","createTime":"2026-01-31T13:00:00Z"},"time":"2026-01-31T13:00:00Z"}
            """, Ids.Event("1.1")), await client.NextAsync());
    }

    [Fact]
    public async Task A_reset_says_of_which_source_and_the_stream_goes_on()
    {
        using var client = await SseClient.ReadyAsync(gateway.Rest);
        gateway.Notifications.Topic.Append(TestEvents.Notification("n1"), TestEvents.Notification("n2"));
        await client.NextAsync(2);

        gateway.Notifications.Topic.Fork();
        Assert.Equal(new SseEvent("reset", """{"reason":"forked","source":"notifications"}""", Ids.Event("0.2")), await client.NextAsync());

        gateway.Orders.Topic.Append(TestEvents.Order("o1"));
        Assert.Equal("o1", (await client.NextAsync())?.Subject);
    }

    [Fact]
    public async Task A_drain_is_told_and_the_stream_ends_in_good_order()
    {
        await using var draining = gateway.AnotherGateway(("Events:Retry", "00:00:00.5"));
        using var client = await SseClient.ReadyAsync(draining.Rest);
        gateway.Orders.Topic.Append(TestEvents.Order("o1"));
        await client.NextAsync();

        var stopping = draining.StopAsync();
        Assert.Equal(new SseEvent("end", """{"reason":"draining","reconnectAfterMs":500}""", Ids.Event("1.0")), await client.NextAsync());
        Assert.Null(await client.NextAsync());
        await stopping;

        gateway.Orders.Topic.Append(TestEvents.Order("o2"));
        using var resumed = await SseClient.ReadyAsync(gateway.Rest, client.Parser.LastEventId);
        Assert.Equal("o2", (await resumed.NextAsync())?.Subject);
    }

    [Fact]
    public async Task A_stream_that_is_old_is_ended_so_that_new_replicas_get_their_share()
    {
        await using var other = gateway.AnotherGateway(("Events:MaxAge", "00:00:01"));
        using var client = await SseClient.ReadyAsync(other.Rest);
        Assert.Equal("end", (await client.NextAsync())?.Name);
        Assert.Null(await client.NextAsync());
    }

    [Fact]
    public async Task A_quiet_stream_is_kept_alive_by_comments()
    {
        await using var other = gateway.AnotherGateway(("Events:HeartbeatInterval", "00:00:00.05"));
        using var client = await SseClient.ReadyAsync(other.Rest);
        for (var i = 1; i <= 3; i++)
        {
            while (client.Parser.Comments < 3 * i)
                Assert.True(await client.ReadAsync());
            gateway.Orders.Topic.Append(TestEvents.Order($"o{i}"));
            Assert.Equal($"o{i}", (await client.NextAsync())?.Subject);
        }
    }

    [Fact]
    public async Task A_user_that_does_not_exist_is_a_problem_and_not_silence()
    {
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Contract("users.v1", StatusCode.NotFound, "NOT_FOUND");
        await (await SseClient.GetAsync(gateway.Rest)).ProblemAsync(404);
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Internal(StatusCode.Unavailable);
        await (await SseClient.GetAsync(gateway.Rest)).ProblemAsync(503);
    }

    [Theory]
    [InlineData("application/json", 406)]
    [InlineData("text/event-stream;q=0", 406)]
    [InlineData("text/event-stream", 200)]
    [InlineData("text/html, */*;q=0.1", 200)]
    public async Task Who_accepts_no_event_stream_gets_none(string accept, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/users/ada/events") { Headers = { { "Accept", accept } } };
        using var response = await gateway.Rest.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(status, (int)response.StatusCode);
        if (status != 200)
            Assert.Equal("/problems/not-acceptable", (await response.ProblemAsync(status)).Text("type"));
    }

    [Fact]
    public async Task HEAD_has_the_headers_of_a_stream_and_begins_none()
    {
        using var response = await gateway.Rest.SendAsync(HttpMethod.Head, "/v1/users/ada/events").WaitAsync(Eventually.Timeout);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.ToString()));
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        Assert.Equal(0, gateway.Orders.Topic.Open);
        using var refused = await gateway.Rest.SendAsync(HttpMethod.Head, "/v1/users/ada/events?lastEventId=nonsense");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        gateway.Users.OnGet = (_, _) => throw GatewayFixture.Contract("users.v1", StatusCode.NotFound, "NOT_FOUND");
        using var missing = await gateway.Rest.SendAsync(HttpMethod.Head, "/v1/users/ada/events");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Streams_beyond_the_bound_are_refused_until_one_has_ended()
    {
        await using var other = gateway.AnotherGateway(("Events:MaxStreams", "1"));
        using (await SseClient.ReadyAsync(other.Rest))
            Assert.Equal("TOO_MANY_EVENT_STREAMS", (await (await SseClient.GetAsync(other.Rest)).ProblemAsync(503)).Text("reason"));

        await Eventually.UntilAsync(
            async () =>
            {
                using var response = await SseClient.GetAsync(other.Rest);
                return response.IsSuccessStatusCode;
            },
            "there is room again");
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off_and_the_others_miss_nothing()
    {
        const int Events = 2_000;
        await using var other = gateway.AnotherGateway(("Events:WriteTimeout", "00:00:00.3"));
        using var good = await SseClient.ReadyAsync(other.Rest);
        using var stalled = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await stalled.ConnectAsync(other.RestAddress.Host, other.RestAddress.Port);
        await stalled.SendAsync(Encoding.ASCII.GetBytes($"GET /v1/users/ada/events HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {Tokens.Authority.Operator()}\r\n\r\n"));
        await Eventually.UntilAsync(() => gateway.Orders.Topic.Open == 2, "both stand");

        var reading = good.NextAsync(Events);
        var padding = new string('x', 8_000);
        for (var i = 0; i < Events / 10; i++)
            gateway.Orders.Topic.Append(TestEvents.Orders(i * 10, 10).Select(e => { e.Order.Lines[0].ProductId = padding; return e; }));

        Assert.Equal(Enumerable.Range(0, Events).Select(i => $"{i}"), (await reading).Select(e => e.Subject));
        await Eventually.UntilAsync(() => gateway.Orders.Topic.Open == 1, "the stalled client's subscription has ended");
        await Eventually.UntilAsync(async () => (await MetricsAsync(other)).Contains("gateway_events_cut_off", StringComparison.Ordinal), "it is counted");
    }

    [Fact]
    public async Task Streams_are_measured_and_stay_out_of_the_durations_of_requests()
    {
        // Those of this gateway: /metrics has what is measured in all of the test's process.
        var routes = new ConcurrentQueue<string?>();
        var meters = gateway.Services.GetRequiredService<IMeterFactory>();
        using var durations = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Name == "http.server.request.duration")
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        durations.SetMeasurementEventCallback<double>((_, _, tags, _) => routes.Enqueue(tags.ToArray().FirstOrDefault(tag => tag.Key == "http.route").Value?.ToString()));
        durations.Start();

        using (var client = await SseClient.ReadyAsync(gateway.Rest))
        {
            gateway.Orders.Topic.Append(TestEvents.Order("o1"));
            await client.NextAsync();
        }

        await Eventually.UntilAsync(() => gateway.Orders.Topic.Open == 0, "the stream has ended");
        await gateway.Rest.GetAsync("/v1/users/ada");
        await Eventually.UntilAsync(() => routes.Contains("/v1/users/{userId}"), "requests are measured");
        await Eventually.UntilAsync(async () => await MetricsAsync(gateway.Gateway) is var metrics && metrics.Contains("gateway_events_streams", StringComparison.Ordinal)
            && metrics.Split('\n').Any(line => line.StartsWith("gateway_events_sent", StringComparison.Ordinal) && line.Contains("event=\"order\"", StringComparison.Ordinal)), "events are measured");
        Assert.DoesNotContain(routes, route => route?.EndsWith("/events", StringComparison.Ordinal) ?? false);
    }

    private static async Task<string> MetricsAsync(GatewayFactory replica)
    {
        using var http = new HttpClient { BaseAddress = replica.Management };
        return await http.GetStringAsync("/metrics");
    }
}
