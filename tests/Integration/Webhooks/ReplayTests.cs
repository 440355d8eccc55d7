using System.Text.Json;
using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>What is sent again, confirmed and deleted, and what cursors are good for; on a database of either kind.</summary>
public abstract class ReplayTests(WebhooksHost host) : WebhooksTestBase(host)
{
    [SkippableFact]
    public async Task What_is_given_up_is_kept_and_sent_again_under_its_id_when_somebody_asks()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.AnswerAll(400);
        await DisableAsync(endpoint);
        await host.HappensAsync(Placed("order-1"));
        await host.Database.WriteAsync(context => context.Deliveries.Where(d => d.EndpointId == endpoint.EndpointId).ExecuteUpdateAsync(s => s.SetProperty(d => d.Attempts, 9)), default);
        await EnableAsync(endpoint);
        await UntilAsync(endpoint, DeliveryState.Failed, 1, d => d is { Attempts: 10, LastError: "HTTP 400", NextAttemptTime: null });
        receiver.AnswerAll(200);

        var given = Assert.Single((await Client.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId })).Deliveries);
        var replayed = await Client.ReplayDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, DeliveryIds = { given.DeliveryId } });
        await UntilAsync(endpoint, DeliveryState.Delivered, 1, d => d.Attempts == 1);

        Assert.Equal(1, replayed.Count);
        Assert.Equal([given.MessageId], receiver.Ids.Distinct());
        Assert.Equal(2, receiver.Received.Count);
    }

    /// <summary>The promise of the cursor: from any that came along, what is not yet done is found.</summary>

    [SkippableFact]
    public async Task The_cursor_of_a_message_is_before_all_that_was_not_delivered_and_after_all_that_was()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.Answer = (hook, _) => Task.FromResult(Subject(hook) == "fails" ? 500 : 200);
        await host.HappensAsync(Placed("before"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);
        await host.HappensAsync(Placed("fails"));
        await UntilAsync(endpoint, DeliveryState.Pending, 1, d => d.Attempts == 1);
        await host.HappensAsync(Placed("after"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 2);

        var cursor = receiver.Received.Single(hook => Subject(hook) == "after").Cursor;
        var missed = await EventsAsync(owner, cursor, e => e.Kind == DeliveryEventKind.Created, 2);

        Assert.Equal(["fails", "after"], missed.Where(e => e.Kind == DeliveryEventKind.Created).Select(e => Name(e.Delivery.Key)));
        Assert.Equal($"fails.{owner}", JsonDocument.Parse(missed.First(e => e.Kind == DeliveryEventKind.Created).Payload).RootElement.GetProperty("subject").GetString());
        receiver.AnswerAll(200);
        var confirmed = await Client.ConfirmDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, Cursor = await LastCursorAsync(owner, cursor) });
        Assert.Equal(1, confirmed.Count);
        await host.HappensAsync(Placed("last"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 4);
        Assert.DoesNotContain(await EventsAsync(owner, receiver.Received.Last().Cursor, e => Name(e.Delivery.Key) == "last", 1), e => Name(e.Delivery.Key) != "last" && e.Kind == DeliveryEventKind.Created);
        Assert.Single(receiver.Received, hook => Subject(hook) == "fails");
    }

    [SkippableFact]
    public async Task A_range_of_cursors_is_sent_again()
    {
        var (endpoint, _) = await CreateAsync();
        await host.HappensAsync(Placed("order-1"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);
        var cursor = await LastCursorAsync(owner, "");
        await host.HappensAsync(Placed("order-2"), Placed("order-3"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 3);

        var replayed = await Client.ReplayDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, After = cursor });
        await Eventually.UntilAsync(() => receiver.Received.Count == 5, "two have come again");

        Assert.Equal((2, ""), (replayed.Count, replayed.Next));
        Assert.Equal(["order-1", "order-2", "order-2", "order-3", "order-3"], receiver.Received.Select(Subject).Order());
    }

    [SkippableFact]
    public async Task A_ping_is_sent_like_any_message_and_one_at_a_time()
    {
        var (endpoint, _) = await CreateAsync(request => request.EventTypes.Add("user.created"));
        receiver.AnswerAll(500);
        var pinged = (await Client.PingEndpointAsync(new() { EndpointId = endpoint.EndpointId })).Delivery;
        var error = await Errors.FailsAsync(StatusCode.ResourceExhausted, Client.PingEndpointAsync(new() { EndpointId = endpoint.EndpointId }));
        receiver.AnswerAll(200);
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);

        Assert.Equal("PING_PENDING", error.Reason());
        Assert.Equal("webhook.ping", pinged.EventType);
        Assert.Equal([pinged.MessageId], receiver.Ids.Distinct());
    }

    [SkippableFact]
    public async Task What_an_endpoint_had_goes_with_it()
    {
        var (endpoint, _) = await CreateAsync();
        await host.HappensAsync(Placed("order-1"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);

        await Client.DeleteEndpointAsync(new() { EndpointId = endpoint.EndpointId });

        await Eventually.UntilAsync(() => host.Database.ReadAsync(async context =>
            !await context.Deliveries.AnyAsync(d => d.EndpointId == endpoint.EndpointId) && !await context.Secrets.AnyAsync(s => s.HolderId == endpoint.EndpointId), default), "nothing is left");
    }
}

public sealed class ReplayOnSqliteTests(WebhooksHost host) : ReplayTests(host), IClassFixture<WebhooksHost>;

public sealed class ReplayOnPostgresTests : ReplayTests, IClassFixture<PostgresWebhooksHost>
{
    public ReplayOnPostgresTests(PostgresWebhooksHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
