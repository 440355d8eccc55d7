using System.Diagnostics;
using Microservices.EventLog;
using Microservices.Tests.Support;
using Microservices.Webhooks.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Webhooks;

/// <summary>What one owner does without end or in great number, with another owner beside; on a database of either kind.</summary>
public abstract class OthersBesideTests(WebhooksHost host) : WebhooksTestBase(host)
{
    private readonly string other = $"other-{Guid.NewGuid():n}";

    [SkippableFact]
    public async Task Who_confirms_without_end_while_thousands_wait_holds_up_nobody_else()
    {
        const int Waiting = 2_000;
        const int Rounds = 20;
        // It is about 2, and was 20 on SQLite with a call that held the database for half a second.
        const int MaxRatio = 10;
        var calls = 0L;
        // Slow, however fast the machine is: an answer comes after ten calls more.
        receiver.Answer = async (hook, _) =>
        {
            var then = Interlocked.Read(ref calls) + 10;
            if (hook.Path == "/hooks")
                await Eventually.UntilAsync(() => Interlocked.Read(ref calls) >= then, "calls go on");
            return 200;
        };
        var (slow, _) = await CreateAsync();
        var beside = await BesideAsync();
        await host.HappensAsync([.. Enumerable.Range(0, Waiting).Select(i => Placed($"waits-{i}"))]);
        var last = await LastCursorAsync(owner, "");
        using var over = new CancellationTokenSource();
        var alone = await RoundsAsync("alone");
        var confirming = ConfirmAsync();
        await Eventually.UntilAsync(() => Interlocked.Read(ref calls) > 20, "it confirms");

        var during = await RoundsAsync("during");
        await over.CancelAsync();
        await confirming;
        Assert.True(during < MaxRatio * alone, $"{during} with it, {alone} without it");
        Assert.True(await PendingAsync(slow) > Waiting / 2, "thousands have waited all the while");
        while ((await Client.ConfirmDeliveriesAsync(new() { EndpointId = slow.EndpointId, Cursor = last })).Count > 0)
        {
        }

        await UntilAsync(slow, DeliveryState.Pending, 0);

        async Task<TimeSpan> RoundsAsync(string name)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < Rounds; i++)
            {
                await SentToOtherAsync(beside, $"{name}-{i}");
                Assert.Equal(beside.EndpointId, (await Client.GetEndpointAsync(new() { EndpointId = beside.EndpointId })).Endpoint.EndpointId);
            }

            return watch.Elapsed;
        }

        // Before all that waits: so nothing is confirmed, and all of it is to be sent at once.
        async Task ConfirmAsync()
        {
            var request = new ConfirmDeliveriesRequest { EndpointId = slow.EndpointId, Cursor = Cursor.At(Microservices.Webhooks.DeliveryEvents.Topics.OfKey(owner), "", 0).ToString() };
            while (!over.IsCancellationRequested)
            {
                Assert.Equal(0, (await Client.ConfirmDeliveriesAsync(request)).Count);
                Interlocked.Increment(ref calls);
            }
        }
    }

    [SkippableFact]
    public async Task What_many_endpoints_of_one_owner_get_is_committed_some_at_a_time_and_another_owner_gets_in_between()
    {
        const int Events = 800;
        const int Endpoints = 10;
        var never = new TaskCompletionSource<int>();
        receiver.Answer = (hook, http) => hook.Path == "/hooks" ? never.Task.WaitAsync(http.RequestAborted) : Task.FromResult(200);
        for (var i = 0; i < Endpoints; i++)
            await CreateAsync();
        var beside = await BesideAsync();

        var committing = host.HappensAsync([.. Enumerable.Range(0, Events).Select(i => Placed($"order-{i}"))]);
        await Eventually.UntilAsync(() => host.Database.ReadAsync(context => context.Deliveries.AnyAsync(d => d.OwnerId == owner), default), "some are committed");
        await SentToOtherAsync(beside, "between");
        var wasBetween = !committing.IsCompleted;

        var pages = await committing;
        Assert.Equal(Events * Endpoints, pages.Sum(page => page.Rows));
        Assert.Equal(Events * Endpoints, await host.Database.ReadAsync(context => context.Deliveries.CountAsync(d => d.OwnerId == owner), default));
        Assert.All(pages, page => Assert.InRange(page.Rows, 1, 500 + Endpoints));
        Assert.True(wasBetween, "the other owner had to wait for all of it");
        never.SetResult(200);
    }

    [SkippableTheory]
    [InlineData("moved")]
    [InlineData("disabled")]
    [InlineData("deleted")]
    public async Task Where_an_endpoint_was_before_it_was_changed_gets_no_more_than_the_rest_of_a_page(string change)
    {
        const int Waiting = 200;
        var changed = new TaskCompletionSource<int>();
        receiver.Answer = (hook, _) => hook.Path == "/hooks" ? changed.Task : Task.FromResult(200);
        var (endpoint, _) = await CreateAsync();
        await DisableAsync(endpoint);
        await host.HappensAsync([.. Enumerable.Range(0, Waiting).Select(i => Placed($"order-{i}"))]);
        await EnableAsync(endpoint);
        await Eventually.UntilAsync(() => !receiver.Received.IsEmpty, "the first is under way");

        if (change == "moved")
            await Client.UpdateEndpointAsync(new() { EndpointId = endpoint.EndpointId, Version = (await GetAsync(endpoint)).Version, Url = $"{receiver.Address}/moved" });
        else if (change == "disabled")
            await DisableAsync(endpoint);
        else
            await Client.DeleteEndpointAsync(new() { EndpointId = endpoint.EndpointId });
        changed.SetResult(200);
        await Eventually.UntilAsync(() => host.Database.ReadAsync(async context => !await context.DueWork.AnyAsync(w => w.Id == endpoint.EndpointId), default), "nothing is left to do");

        Assert.InRange(receiver.Received.Count(hook => hook.Path == "/hooks"), 1, Waiting / 4);
        Assert.Equal(change == "moved" ? Waiting : receiver.Received.Count(hook => hook.Path == "/hooks"), receiver.Ids.Distinct().Count());
    }

    private async Task<Endpoint> BesideAsync() => (await CreateAsync(request => (request.OwnerId, request.Url) = (other, $"{receiver.Address}/beside"))).Endpoint;

    private async Task SentToOtherAsync(Endpoint beside, string orderId)
    {
        await host.HappensAsync(Placed($"{orderId}.{other}", other));
        await Eventually.UntilAsync(() => receiver.Received.Any(hook => hook.Path == "/beside" && Subject(hook) == orderId), $"{orderId} has come to {beside.Url}");
    }

    private Task<int> PendingAsync(Endpoint endpoint) =>
        host.Database.ReadAsync(context => context.Deliveries.CountAsync(d => d.EndpointId == endpoint.EndpointId && d.State == DeliveryState.Pending), default);
}

public sealed class OthersBesideOnSqliteTests(WebhooksHost host) : OthersBesideTests(host), IClassFixture<WebhooksHost>;

public sealed class OthersBesideOnPostgresTests : OthersBesideTests, IClassFixture<PostgresWebhooksHost>
{
    public OthersBesideOnPostgresTests(PostgresWebhooksHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
