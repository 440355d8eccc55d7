using Microservices.Orders.V1;
using Microservices.Persistence;
using Microservices.Tests.Integration.EventLog;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>A command is carried out once for each key.</summary>
public abstract class IdempotencyTests(SharedServers servers, PostgresDatabases? postgres = null) : OutboxTestBase(servers, postgres)
{
    [SkippableTheory]
    [OnGarnet]
    public async Task A_key_is_forgotten_at_its_age_whether_or_not_it_was_cleaned(Server on)
    {
        var process = await StartAsync(on, ("Persistence:IdempotencyRetention", "01:00:00"));
        var start = DateTimeOffset.UtcNow;
        var (request, other) = (new CancelOrderRequest { OrderId = "a" }, new CancelOrderRequest { OrderId = "b" });

        Assert.Equal(IdempotencyOutcome.Done, await DoAsync(request, start));
        Assert.Equal(IdempotencyOutcome.Replayed, await DoAsync(request, start.AddMinutes(59)));
        Assert.Equal(IdempotencyOutcome.KeyReused, await DoAsync(other, start.AddMinutes(59)));
        Assert.Equal(IdempotencyOutcome.Done, await DoAsync(other, start.AddMinutes(60)));
        Assert.Equal(IdempotencyOutcome.Replayed, await DoAsync(other, start.AddMinutes(60)));

        async Task<IdempotencyOutcome> DoAsync(CancelOrderRequest message, DateTimeOffset now) => (await process.Database.WriteOnceAsync(
            "test", "ada", "key", message, _ => Task.FromResult(new CancelOrderResponse()), now, default)).Outcome;
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_key_means_something_to_its_caller_only(Server on)
    {
        var process = await StartAsync(on);
        var request = new CancelOrderRequest { OrderId = "a" };

        Assert.Equal(IdempotencyOutcome.Done, await DoAsync("ada", request));
        Assert.Equal(IdempotencyOutcome.Done, await DoAsync("bob", request));
        Assert.Equal(IdempotencyOutcome.Done, await DoAsync("service:ada", new CancelOrderRequest { OrderId = "b" }));
        Assert.Equal(IdempotencyOutcome.Replayed, await DoAsync("ada", request));
        Assert.Equal(IdempotencyOutcome.KeyReused, await DoAsync("bob", new CancelOrderRequest { OrderId = "b" }));

        async Task<IdempotencyOutcome> DoAsync(string caller, CancelOrderRequest message) => (await process.Database.WriteOnceAsync(
            "test", caller, "key", message, _ => Task.FromResult(new CancelOrderResponse()), DateTimeOffset.UtcNow, default)).Outcome;
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task A_race_for_a_key_that_is_lost_is_answered_as_a_repeat_and_no_word_in_the_log(Server on)
    {
        var (one, two) = (await StartAsync(on), await StartAsync(on));
        var before = one.Warnings.Count + two.Warnings.Count;
        var request = new CancelOrderRequest { OrderId = "a" };

        for (var i = 0; i < 20; i++)
        {
            var key = $"key-{i}";
            var racing = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => (n % 2 == 0 ? one : two).Database.WriteOnceAsync(
                "test", "ada", key, request, _ => Task.FromResult(new CancelOrderResponse()), DateTimeOffset.UtcNow, default))));
            Assert.Single(racing, answer => answer.Outcome == IdempotencyOutcome.Done);
            Assert.Equal(7, racing.Count(answer => answer.Outcome == IdempotencyOutcome.Replayed));
        }

        Assert.Equal(before, one.Warnings.Count + two.Warnings.Count);
    }

    [SkippableTheory]
    [OnGarnet]
    public async Task What_is_past_its_retention_is_deleted_soon_after_a_process_starts(Server on)
    {
        var one = await StartAsync(on);
        await one.Database.WriteAsync(orders => Task.FromResult(orders.IdempotencyRecords.Add(
            new IdempotencyRecord { Command = "old", Caller = "ada", Key = "old", RequestHash = [], Response = [], CreatedAt = DateTimeOffset.UtcNow.AddHours(-25) }).State), default);

        var two = await StartAsync(on);

        await Eventually.UntilAsync(async () => await two.Database.ReadAsync(orders => orders.IdempotencyRecords.CountAsync(r => r.Command == "old"), default) == 0, "it is deleted");
    }
}

[Collection(nameof(OutboxOnSqlite))]
public sealed class IdempotencyOnSqliteTests(SharedServers servers) : IdempotencyTests(servers);

[Collection(nameof(OutboxOnPostgres))]
public sealed class IdempotencyOnPostgresTests(SharedServers servers, PostgresDatabases postgres) : IdempotencyTests(servers, postgres);
