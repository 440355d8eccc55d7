using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Due work is done in its order, with its turn, and when it is due.</summary>
public abstract class DueWorkTests(PostgresDatabases? postgres = null) : DueTestBase(postgres)
{
    [SkippableFact]
    public async Task Two_processes_do_each_row_once_and_those_of_a_key_in_the_order_of_commits()
    {
        const int Keys = 4, PerKey = 15, WithoutKey = 60;
        DueProcess[] processes = [await StartAsync(), await StartAsync()];
        var order = new List<string>();
        foreach (var process in processes)
        {
            process.Handle = async (work, _) =>
            {
                // In a place of its own for each that is begun: one that overtakes is seen.
                lock (order)
                    order.Add(work.Id);
                await Task.Yield();
                return DueProcess.Done(work);
            };
        }

        await Task.WhenAll(processes.Select((process, p) => Task.Run(async () =>
        {
            for (var i = 0; i < PerKey; i++)
                await process.AddAsync([.. Enumerable.Range(0, Keys).Where(k => k % 2 == p).Select(k => DueProcess.Work($"{k}:{i:00}", $"{k}")), .. Enumerable.Range(0, WithoutKey / PerKey / 2).Select(n => DueProcess.Work($"none:{p}:{i}:{n}"))]);
        })));
        await UntilDoneAsync(processes[0], (Keys * PerKey) + WithoutKey);

        Assert.Equal((Keys * PerKey) + WithoutKey, order.Count);
        Assert.Equal(order.Count, order.Distinct().Count());
        for (var k = 0; k < Keys; k++)
            Assert.Equal(Enumerable.Range(0, PerKey).Select(i => $"{k}:{i:00}"), order.Where(id => id.StartsWith($"{k}:", StringComparison.Ordinal)));
        Assert.All(processes, process => Assert.NotEmpty(process.Begun));
    }

    /// <summary>The next of a key waits for the one before, also while that waits to be tried again.</summary>
    [SkippableFact]
    public async Task What_comes_after_failed_work_of_its_key_waits_for_it()
    {
        var process = await StartAsync(null, [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50)]);
        process.Handle = (work, _) => Task.FromResult(work is { Id: "first", Attempts: < 3 } ? DueResult.Failed<OrdersDbContext>("not yet") : DueProcess.Done(work));

        await process.AddAsync(DueProcess.Work("first", "key"), DueProcess.Work("second", "key"));
        await UntilDoneAsync(process, 2);

        Assert.Equal(["first", "first", "first", "second"], process.Begun.Select(work => work.Id));
    }

    [SkippableFact]
    public async Task A_commit_wakes_the_worker_of_its_process()
    {
        var process = await StartAsync(("Due:PollInterval", "00:01:00"));
        for (var i = 1; i <= 3; i++)
        {
            await process.AddAsync(DueProcess.Work($"{i}"));
            await UntilBegunAsync(process, i, TimeSpan.FromSeconds(30));
        }
    }

    [SkippableFact]
    public async Task Work_that_another_process_commits_is_found_and_what_is_not_due_is_left()
    {
        var (busy, other) = (await StartAsync(OneAtATime), await StartAsync());
        var gate = new TaskCompletionSource();
        busy.Handle = async (work, _) =>
        {
            await gate.Task;
            return DueProcess.Done(work);
        };
        other.Handle = busy.Handle;
        await busy.AddAsync(DueProcess.Work("later") with { Delay = TimeSpan.FromHours(1) }, DueProcess.Work("at") with { At = DateTimeOffset.UtcNow.AddHours(1) }, DueProcess.Work("1"), DueProcess.Work("2"));

        await Eventually.UntilAsync(() => busy.Begun.Count + other.Begun.Count == 2, "what is due is begun");
        gate.SetResult();
        await Eventually.UntilAsync(async () => (await busy.DoneAsync()).Count == 2, "it is done");

        Assert.Equal(["at", "later"], (await busy.RowsAsync()).Select(work => work.Id).Order());
    }

    [SkippableFact]
    public async Task A_key_with_a_hundred_thousand_rows_holds_up_no_other()
    {
        var process = await StartAsync(OneAtATime);
        var gate = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            await gate.Task;
            return DueProcess.Done(work);
        };
        await process.AddAsync(DueProcess.Work("first", "bad"));
        await UntilBegunAsync(process, 1);
        await process.Database.WriteAsync(async context =>
        {
            await using var command = OutboxSql.Command(context);
            command.CommandText = $"""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                INSERT INTO {OutboxSql.Table<DueWork>(context)} ("Kind", "Id", "Key", "Priority", "DueAtMs", "Payload", "State", "Attempts", "Owner", "LeasedUntilMs", "Fence", "LastError")
                SELECT '{DueProcess.Kind}', 'bad' || i, 'bad', 1, 0, {(context.Database.IsSqlite() ? "x''" : "''::bytea")}, {(int)DueState.Behind}, 0, '', 0, 0, '' FROM n
                """;
            return await command.ExecuteNonQueryAsync();
        }, default);
        await process.AddAsync(DueProcess.Work("good", "good"), DueProcess.Work("free"));

        gate.SetResult();
        await Eventually.UntilAsync(() => process.Begun.Any(work => work.Id == "good") && process.Begun.Any(work => work.Id == "free"), "the others have their turn");

        // Each in its turn: but for the one that was begun before, at most one between two others.
        var before = process.Begun.Select(work => work.Id).ToList();
        Assert.InRange(Math.Max(before.IndexOf("good"), before.IndexOf("free")), 2, 4);
    }

    [SkippableFact]
    public async Task Higher_priority_comes_first_but_not_before_what_has_waited_for_long()
    {
        var process = await StartAsync(OneAtATime);
        var gate = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            await gate.Task;
            return DueProcess.Done(work);
        };
        await process.AddAsync(DueProcess.Work("running"));
        await UntilBegunAsync(process, 1);
        await process.AddAsync(
            DueProcess.Work("low") with { Priority = DuePriority.Low }, DueProcess.Work("normal"), DueProcess.Work("high") with { Priority = DuePriority.High },
            DueProcess.Work("old") with { Priority = DuePriority.Low, At = DateTimeOffset.UtcNow.AddMinutes(-30) });

        gate.SetResult();
        await UntilDoneAsync(process, 5);

        Assert.Equal(["running", "old", "high", "normal", "low"], process.Begun.Select(work => work.Id));
    }

    [SkippableFact]
    public async Task An_id_that_is_there_is_not_added_again_and_work_that_is_done_may_add_itself()
    {
        var process = await StartAsync();
        var gate = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            await gate.Task;
            return process.Begun.Count == 3 ? DueProcess.Done(work) : DueResult.Done<OrdersDbContext>(context =>
            {
                context.AddDue(DueProcess.Work(work.Id, "key"));
                return Task.CompletedTask;
            });
        };

        await process.AddAsync(DueProcess.Work("same", "key"));
        await process.AddAsync(DueProcess.Work("same", "key"), DueProcess.Work("same"));
        gate.SetResult();
        await UntilDoneAsync(process, 1);

        Assert.Equal(3, process.Begun.Count);
    }

    [SkippableFact]
    public async Task Work_of_one_kind_is_done_while_that_of_another_takes_all_of_its_places()
    {
        var process = await StartWithTwoKindsAsync(OneAtATime);
        var goOn = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            if (work.Kind == DueProcess.Kind)
                await goOn.Task;
            return DueProcess.Done(work);
        };

        await process.AddAsync(DueProcess.Work("first"), DueProcess.Work("second"), new NewDueWork(DueProcess.OtherKind, []) { Id = "other" });
        await Eventually.UntilAsync(async () => (await process.DoneAsync()).Contains("other"), "the other kind is done");

        Assert.Equal(["first", "other"], process.Begun.Select(work => work.Id).Order());
        goOn.SetResult();
        await UntilDoneAsync(process, 3);
    }

    [SkippableFact]
    public async Task What_is_too_large_or_has_no_handler_is_refused_where_it_is_added_and_what_fits_arrives()
    {
        var process = await StartAsync();
        byte[] payload = [.. Enumerable.Repeat((byte)7, NewDueWork.MaxPayloadBytes)];

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => process.AddAsync(DueProcess.Work("good"), new NewDueWork(DueProcess.Kind, [.. payload, 1])));
        Assert.StartsWith("Payload must have at most 262144 bytes", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => process.AddAsync(DueProcess.Work("good"), new NewDueWork("nobody's", [])));
        Assert.Empty(await process.RowsAsync());

        await process.AddAsync(new NewDueWork(DueProcess.Kind, payload));
        await UntilBegunAsync(process, 1);
        Assert.Equal(payload, process.Begun.Single().Payload);
    }
}

public sealed class DueWorkOnSqliteTests : DueWorkTests;

[Collection(nameof(DueOnPostgres))]
public sealed class DueWorkOnPostgresTests(PostgresDatabases postgres) : DueWorkTests(postgres);
