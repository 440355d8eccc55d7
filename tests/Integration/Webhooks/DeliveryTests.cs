using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>What is sent to endpoints, on a database of either kind.</summary>
public abstract class DeliveryTests(WebhooksHost host) : WebhooksTestBase(host)
{
    [SkippableFact]
    public async Task An_event_is_sent_once_as_Standard_Webhooks_and_CloudEvents_have_it()
    {
        var (endpoint, secret) = await CreateAsync();
        var placed = Placed("order-1");

        await host.HappensAsync(placed);
        await host.HappensAsync(placed);
        await UntilAsync(endpoint, DeliveryState.Delivered, 1);

        var hook = Assert.Single(receiver.Received);
        var signed = Encoding.UTF8.GetBytes($"{hook.Id}.{hook.Headers["webhook-timestamp"]}.").Concat(hook.Body).ToArray();
        Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed))}", hook.Headers["webhook-signature"]);
        // A library that is not ours takes it, and takes nothing else.
        var library = new StandardWebhook(secret);
        var headers = new HeaderDictionary(hook.Headers.ToDictionary(h => h.Key, h => new StringValues(h.Value), StringComparer.OrdinalIgnoreCase));
        library.Verify(Encoding.UTF8.GetString(hook.Body), headers);
        Assert.Throws<WebhookVerificationException>(() => library.Verify(Encoding.UTF8.GetString(hook.Body) + " ", headers));
        Assert.Equal("application/cloudevents+json", hook.Headers["content-type"]);
        using var body = JsonDocument.Parse(hook.Body);
        Assert.Equal(hook.Id, body.RootElement.GetProperty("id").GetString());
        Assert.Equal("1.0", body.RootElement.GetProperty("specversion").GetString());
        Assert.Equal("order.placed", body.RootElement.GetProperty("type").GetString());
        Assert.Equal($"order-1.{owner}", body.RootElement.GetProperty("subject").GetString());
        Assert.Equal($"order-1.{owner}", body.RootElement.GetProperty("data").GetProperty("order").GetProperty("orderId").GetString());
    }

    [SkippableFact]
    public async Task What_fails_is_sent_again_under_its_id_until_it_succeeds()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.AnswerAll(500);
        await host.HappensAsync(Placed("order-1"));
        await UntilAsync(endpoint, DeliveryState.Pending, 1, d => d.Attempts == 1);
        receiver.AnswerAll(200);

        await UntilAsync(endpoint, DeliveryState.Delivered, 1, d => d is { Attempts: 2, LastStatus: 200 });

        Assert.Equal(2, receiver.Received.Count);
        Assert.Single(receiver.Ids.Distinct());
        var delivery = Assert.Single((await Client.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId })).Deliveries);
        var details = await Client.GetDeliveryAsync(new() { DeliveryId = delivery.DeliveryId });
        Assert.Equal([200, 500], details.Attempts.Select(a => a.Status));
        Assert.Equal(["", "HTTP 500"], details.Attempts.Select(a => a.Error));
    }

    /// <summary>In order where that is asked for, and only about the same thing: what fails holds up nothing else.</summary>

    [SkippableFact]
    public async Task What_fails_holds_up_what_comes_after_it_about_the_same_thing_and_nothing_else()
    {
        var (endpoint, _) = await CreateAsync(request => request.Ordered = true);
        receiver.Answer = (hook, _) => Task.FromResult(Subject(hook) == "first" ? 500 : 200);
        await host.HappensAsync(Placed("first"), Placed("first", 2), Placed("second"), Placed("second", 2));
        await UntilAsync(endpoint, DeliveryState.Delivered, 2);
        Assert.Equal(["first/order.placed", "second/order.placed", "second/order.advanced"], Arrived().Distinct());

        receiver.AnswerAll(200);
        await UntilAsync(endpoint, DeliveryState.Delivered, 4);

        Assert.Equal(["first/order.placed", "second/order.placed", "second/order.advanced", "first/order.advanced"], Arrived().Distinct());
    }

    /// <summary>Nine attempts have failed: the tenth is the last.</summary>

    [SkippableFact]
    public async Task Those_that_want_every_users_events_get_them_and_others_their_owners_of_their_types()
    {
        var other = $"other-{Guid.NewGuid():n}";
        var (everyone, _) = await CreateAsync(request => (request.OwnerId, request.Url) = ("@everyone", $"{receiver.Address}/{owner}"));
        var (mine, _) = await CreateAsync(request => request.EventTypes.Add("order.advanced"));

        await host.HappensAsync(Placed("mine"), Placed("mine", 2), Placed($"theirs.{other}", other));
        await UntilAsync(everyone, DeliveryState.Delivered, 3);
        await UntilAsync(mine, DeliveryState.Delivered, 1);

        Assert.Equal(["mine/order.advanced"], Arrived("/hooks"));
        Assert.Equal(["mine/order.advanced", "mine/order.placed", "theirs/order.placed"], Arrived($"/{owner}").Order());
        await Client.DeleteEndpointAsync(new() { EndpointId = everyone.EndpointId });
    }
}

public sealed class DeliveryOnSqliteTests(WebhooksHost host) : DeliveryTests(host), IClassFixture<WebhooksHost>;

public sealed class DeliveryOnPostgresTests : DeliveryTests, IClassFixture<PostgresWebhooksHost>
{
    public DeliveryOnPostgresTests(PostgresWebhooksHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
