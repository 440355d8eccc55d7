using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;
using Client = Microservices.Webhooks.V1.WebhooksService.WebhooksServiceClient;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Endpoints: who may have which, and what they may be. On SQLite, for nothing here depends on the kind of database.</summary>
public sealed class EndpointTests(WebhooksHost host) : IClassFixture<WebhooksHost>
{
    private readonly string owner = $"owner-{Guid.NewGuid():n}";

    private Client Operator => host.Client;

    private Client Owner => host.ClientOf(Tokens.Authority.Person(owner));

    private Client Stranger => host.ClientOf(Tokens.Authority.Person("stranger"));

    [Fact]
    public async Task Its_owner_manages_an_endpoint_and_to_a_stranger_it_does_not_exist()
    {
        var endpoint = (await Owner.CreateEndpointAsync(Request())).Endpoint;
        var id = endpoint.EndpointId;
        var delivery = (await Owner.PingEndpointAsync(new() { EndpointId = id })).Delivery;

        Assert.Equal(id, (await Owner.GetEndpointAsync(new() { EndpointId = id })).Endpoint.EndpointId);
        Assert.Equal([id], (await Owner.ListEndpointsAsync(new() { OwnerId = owner })).Endpoints.Select(e => e.EndpointId));
        Assert.Equal(id, (await Operator.GetEndpointAsync(new() { EndpointId = id })).Endpoint.EndpointId);
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.GetEndpointAsync(new() { EndpointId = id }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.UpdateEndpointAsync(new() { EndpointId = id, Version = 1, Enabled = false }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.RotateSecretAsync(new() { EndpointId = id }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.PingEndpointAsync(new() { EndpointId = id }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.DeleteEndpointAsync(new() { EndpointId = id }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.ListDeliveriesAsync(new() { EndpointId = id }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.GetDeliveryAsync(new() { DeliveryId = delivery.DeliveryId }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.ReplayDeliveriesAsync(new() { EndpointId = id, DeliveryIds = { delivery.DeliveryId } }));
        await Errors.FailsAsync(StatusCode.NotFound, Stranger.ConfirmDeliveriesAsync(new() { EndpointId = id, Cursor = "any" }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, Stranger.ListEndpointsAsync(new() { OwnerId = owner }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, Stranger.CreateEndpointAsync(Request()));
        Assert.Equal(id, (await Owner.DeleteEndpointAsync(new() { EndpointId = id })).Endpoint.EndpointId);
        await Errors.FailsAsync(StatusCode.NotFound, Owner.GetEndpointAsync(new() { EndpointId = id }));
    }

    [Fact]
    public async Task Only_operators_have_endpoints_for_every_users_events()
    {
        var everyone = Request(request => request.OwnerId = "@everyone");

        await Errors.FailsAsync(StatusCode.PermissionDenied, Owner.CreateEndpointAsync(everyone));
        await Errors.FailsAsync(StatusCode.PermissionDenied, Owner.ListEndpointsAsync(new() { OwnerId = "@everyone" }));
        var endpoint = (await Operator.CreateEndpointAsync(everyone)).Endpoint;
        await Errors.FailsAsync(StatusCode.NotFound, Owner.GetEndpointAsync(new() { EndpointId = endpoint.EndpointId }));
        await Operator.DeleteEndpointAsync(new() { EndpointId = endpoint.EndpointId });
    }

    /// <summary>Addresses in all notations that lead to this machine, its network or none at all; and all other fields.</summary>
    [Fact]
    public async Task What_cannot_be_is_refused_and_named()
    {
        foreach (var url in (string[])["", "hooks", "ftp://example.com/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/", "https://0x7f.1/", "https://2130706433/", "https://user:password@example.com/", "https://example.com:22/", "https://example.com/#x"])
            Assert.Equal(["url"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Operator.CreateEndpointAsync(Request(request => request.Url = url)))).Fields());

        var error = await Errors.FailsAsync(StatusCode.InvalidArgument, Operator.CreateEndpointAsync(new()
        {
            OwnerId = "no/slash",
            Url = "https://example.com/",
            Description = "\u0007",
            EventTypes = { "order.placed", "order.eaten", "order.placed" },
            IdempotencyKey = new string('k', 129),
        }));
        Assert.Equal(["owner_id", "description", "event_types[1]", "event_types[2]", "idempotency_key"], error.Fields());

        var endpoint = (await Owner.CreateEndpointAsync(Request())).Endpoint;
        var id = endpoint.EndpointId;
        Assert.Equal(["version", "url"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Owner.UpdateEndpointAsync(new() { EndpointId = id }))).Fields());
        Assert.Equal("VERSION_MISMATCH", (await Errors.FailsAsync(StatusCode.Aborted, Owner.UpdateEndpointAsync(new() { EndpointId = id, Version = 7, Description = "new" }))).Reason());
        Assert.Equal(["overlap"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Owner.RotateSecretAsync(new() { EndpointId = id, Overlap = Duration.FromTimeSpan(TimeSpan.FromDays(8)) }))).Fields());
        Assert.Equal(["delivery_ids"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Owner.ReplayDeliveriesAsync(new() { EndpointId = id }))).Fields());
        Assert.Equal(["after"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Owner.ReplayDeliveriesAsync(new() { EndpointId = id, After = "none" }))).Fields());
        Assert.Equal(["cursor"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Owner.ConfirmDeliveriesAsync(new() { EndpointId = id, Cursor = "none" }))).Fields());
        Assert.Equal(["page_token"], (await Errors.FailsAsync(StatusCode.InvalidArgument, Owner.ListDeliveriesAsync(new() { EndpointId = id, PageToken = "none" }))).Fields());
    }

    [Fact]
    public async Task An_owner_has_ten_and_no_more()
    {
        for (var i = 0; i < 10; i++)
            await Owner.CreateEndpointAsync(Request());

        Assert.Equal("TOO_MANY_ENDPOINTS", (await Errors.FailsAsync(StatusCode.ResourceExhausted, Owner.CreateEndpointAsync(Request()))).Reason());
    }

    /// <summary>Also not where answers are kept for those who ask again.</summary>
    [Fact]
    public async Task A_secret_is_shown_once_and_kept_sealed()
    {
        var request = Request(r => r.IdempotencyKey = Guid.NewGuid().ToString());
        var created = await Owner.CreateEndpointAsync(request);
        var again = await Owner.CreateEndpointAsync(request);
        request.Description = "another";
        var error = await Errors.FailsAsync(StatusCode.Aborted, Owner.CreateEndpointAsync(request));

        Assert.StartsWith("whsec_", created.Secret, StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(created.Secret["whsec_".Length..]).Length);
        Assert.Equal((created.Endpoint, "", true), (again.Endpoint, again.Secret, again.Replayed));
        Assert.Equal("IDEMPOTENCY_KEY_REUSED", error.Reason());
        var bytes = Convert.FromBase64String(created.Secret["whsec_".Length..]);
        var kept = await host.Database.ReadAsync(context => context.IdempotencyRecords.Select(r => r.Response).ToListAsync(), default);
        Assert.All(kept, answer => Assert.DoesNotContain("whsec_", Encoding.Latin1.GetString(answer), StringComparison.Ordinal));
        var sealedSecrets = await host.Database.ReadAsync(context => context.Secrets.Select(s => s.Sealed).ToListAsync(), default);
        Assert.All(sealedSecrets, each => Assert.Equal(-1, each.AsSpan().IndexOf(bytes)));
    }

    [Fact]
    public async Task Secrets_sign_beside_a_new_one_for_as_long_as_is_said_and_three_at_a_time()
    {
        await using var receiver = await HookReceiver.StartAsync();
        var endpoint = (await Owner.CreateEndpointAsync(Request(request => request.Url = $"{receiver.Address}/hooks"))).Endpoint;
        var ask = new RotateSecretRequest { EndpointId = endpoint.EndpointId };

        await Owner.RotateSecretAsync(ask);
        var third = await Owner.RotateSecretAsync(ask);
        var error = await Errors.FailsAsync(StatusCode.FailedPrecondition, Owner.RotateSecretAsync(ask));
        await PingAsync(endpoint, receiver, 1);
        var only = await Owner.RotateSecretAsync(new() { EndpointId = endpoint.EndpointId, Overlap = new() });
        await PingAsync(endpoint, receiver, 2);

        Assert.Equal(3, third.Endpoint.Secrets.Count);
        Assert.Null(third.Endpoint.Secrets[0].ExpireTime);
        Assert.All(third.Endpoint.Secrets.Skip(1), secret => Assert.NotNull(secret.ExpireTime));
        Assert.Equal("TOO_MANY_SECRETS", error.Reason());
        Assert.Single(only.Endpoint.Secrets);
        Assert.Equal([3, 1], receiver.Received.Select(hook => hook.Headers["webhook-signature"].Split(' ').Length));
    }

    private async Task PingAsync(Endpoint endpoint, HookReceiver receiver, int count)
    {
        await Eventually.UntilAsync(async () => (await Owner.ListDeliveriesAsync(new() { EndpointId = endpoint.EndpointId, State = DeliveryState.Pending })).Deliveries.Count == 0, "nothing is pending");
        await Owner.PingEndpointAsync(new() { EndpointId = endpoint.EndpointId });
        await Eventually.UntilAsync(() => receiver.Received.Count == count, $"{count} pings have come");
    }

    private CreateEndpointRequest Request(Action<CreateEndpointRequest>? change = null)
    {
        var request = new CreateEndpointRequest { OwnerId = owner, Url = "https://example.com/hooks" };
        change?.Invoke(request);
        return request;
    }
}
