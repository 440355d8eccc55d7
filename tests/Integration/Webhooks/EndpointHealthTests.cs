using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>Endpoints that hang, fail, throttle or are gone, on a database of either kind.</summary>
public abstract class EndpointHealthTests(WebhooksHost host) : WebhooksTestBase(host)
{
    [SkippableFact]
    public async Task One_that_never_answers_holds_up_no_other()
    {
        var never = new TaskCompletionSource<int>();
        receiver.Answer = (hook, http) => hook.Path == "/hangs" ? never.Task.WaitAsync(http.RequestAborted) : Task.FromResult(200);
        var (hangs, _) = await CreateAsync(request => request.Url = $"{receiver.Address}/hangs");
        await host.HappensAsync([.. Enumerable.Range(0, 20).Select(i => Placed($"before-{i}"))]);
        await Eventually.UntilAsync(() => receiver.Received.Any(hook => hook.Path == "/hangs"), "the one that hangs was asked");
        var (answers, _) = await CreateAsync();

        await host.HappensAsync([.. Enumerable.Range(0, 20).Select(i => Placed($"order-{i}"))]);
        await UntilAsync(answers, DeliveryState.Delivered, 20);

        Assert.Equal(40, (await Client.ListDeliveriesAsync(new() { EndpointId = hangs.EndpointId, State = DeliveryState.Pending })).Deliveries.Count);
        // It begins with one at a time.
        Assert.Single(receiver.Received, hook => hook.Path == "/hangs");
        never.SetResult(200);
    }

    [SkippableFact]
    public async Task One_that_is_gone_is_disabled_and_gets_what_has_waited_once_it_is_enabled()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.AnswerAll(410);
        await host.HappensAsync(Placed("order-1"));
        await Eventually.UntilAsync(async () => (await GetAsync(endpoint)).State == EndpointState.Gone, "it is disabled");
        await host.HappensAsync(Placed("order-2"));
        receiver.AnswerAll(200);
        var gone = await GetAsync(endpoint);
        Assert.Equal("It has answered 410.", gone.StateReason);
        Assert.Single(receiver.Received);

        var enabled = (await Client.UpdateEndpointAsync(new() { EndpointId = endpoint.EndpointId, Version = gone.Version, Enabled = true })).Endpoint;
        await UntilAsync(endpoint, DeliveryState.Delivered, 2);

        Assert.Equal(EndpointState.Enabled, enabled.State);
        Assert.Contains(await EventsAsync(owner, "", e => e.Kind == DeliveryEventKind.Delivered, 2), e => e is { Kind: DeliveryEventKind.EndpointDisabled, Endpoint.State: EndpointState.Gone });
    }

    [SkippableFact]
    public async Task One_that_asks_to_be_left_alone_is()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.Answer = (_, http) =>
        {
            http.Response.Headers.RetryAfter = "3600";
            return Task.FromResult(429);
        };
        await host.HappensAsync(Placed("order-1"), Placed("order-2"));
        await UntilAsync(endpoint, DeliveryState.Pending, 1, d => d.Attempts == 1);

        await Eventually.UntilAsync(async () => await RowAsync(endpoint) is { } row && row.PausedUntilMs > DateTimeOffset.UtcNow.AddMinutes(50).ToUnixTimeMilliseconds(), "it is left alone");
        Assert.Single(receiver.Received);
    }

    [SkippableFact]
    public async Task One_that_has_failed_for_days_is_disabled_and_its_owner_is_told()
    {
        var (endpoint, _) = await CreateAsync();
        await host.Database.WriteAsync(context => context.Endpoints.Where(e => e.EndpointId == endpoint.EndpointId)
            .ExecuteUpdateAsync(s => s.SetProperty(e => e.FailingSince, DateTimeOffset.UtcNow.AddDays(-5)).SetProperty(e => e.Failures, 9)), default);
        receiver.AnswerAll(500);

        await host.HappensAsync(Placed("order-1"));
        var told = await EventsAsync(owner, "", e => e.Kind == DeliveryEventKind.EndpointDisabled, 1);

        Assert.Equal(EndpointState.Failed, told[^1].Endpoint.State);
        Assert.Equal(EndpointState.Failed, (await GetAsync(endpoint)).State);
    }

    [SkippableFact]
    public async Task What_succeeds_again_gets_at_once_what_has_waited_for_its_next_attempt()
    {
        var (endpoint, _) = await CreateAsync();
        receiver.AnswerAll(500);
        await host.HappensAsync(Placed("order-1"));
        await Eventually.UntilAsync(async () => await RowAsync(endpoint) is { Failures: 1 }, "it has failed");
        var inAnHour = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds();
        await host.Database.WriteAsync(async context =>
        {
            await context.Deliveries.Where(d => d.EndpointId == endpoint.EndpointId).ExecuteUpdateAsync(s => s.SetProperty(d => d.NextAttemptMs, inAnHour));
            return await context.Endpoints.Where(e => e.EndpointId == endpoint.EndpointId).ExecuteUpdateAsync(s => s.SetProperty(e => e.Failures, 5));
        }, default);
        receiver.AnswerAll(200);

        await host.HappensAsync(Placed("order-2"));
        await UntilAsync(endpoint, DeliveryState.Delivered, 2);

        Assert.Equal(["order-1", "order-2", "order-1"], receiver.Received.Select(Subject));
        await Eventually.UntilAsync(async () => (await GetAsync(endpoint)).FailingSince is null, "it fails no more");
    }
}

public sealed class EndpointHealthOnSqliteTests(WebhooksHost host) : EndpointHealthTests(host), IClassFixture<WebhooksHost>;

public sealed class EndpointHealthOnPostgresTests : EndpointHealthTests, IClassFixture<PostgresWebhooksHost>
{
    public EndpointHealthOnPostgresTests(PostgresWebhooksHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
