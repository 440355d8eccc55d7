using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Work that fails is tried again by its schedule and then quarantined, and work that nobody begins is said to be stuck.</summary>
public abstract class DueFailureTests(PostgresDatabases? postgres = null) : DueTestBase(postgres)
{
    [SkippableFact]
    public async Task Work_that_fails_is_quarantined_after_its_last_attempt_holds_up_nothing_and_is_retried_by_an_operator()
    {
        var process = await StartAsync(null, [TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(10)]);
        var mended = false;
        process.Handle = (work, _) => work.Id == "good" || mended ? Task.FromResult(DueProcess.Done(work)) : throw new FormatException("A poisoned\0 row \ud800\nof two lines " + new string('x', 10_000));

        await process.AddAsync(DueProcess.Work("poison", "key"), DueProcess.Work("good", "key"));
        await Eventually.UntilAsync(async () => (await process.DoneAsync()).Contains("good"), "what comes after it is done");

        var quarantined = Assert.Single(await process.Store.ReadQuarantinedAsync(DueProcess.Kind, 10, default));
        Assert.Equal((3, DueState.Quarantined, "poison", DueWork.MaxErrorLength), (quarantined.Attempts, quarantined.State, quarantined.Id, quarantined.LastError.EnumerateRunes().Count()));
        Assert.StartsWith("FormatException: A poisoned row \ufffd of two lines xx", quarantined.LastError, StringComparison.Ordinal);
        Assert.Contains(process.Warnings, line => line.StartsWith("test poison is quarantined after 3 attempts", StringComparison.Ordinal));
        await Eventually.UntilAsync(() => process.Gauge("due.quarantined") == 1, "it is measured");
        Assert.Equal(3, process.Begun.Count(work => work.Id == "poison"));

        mended = true;
        Assert.Equal(1, await process.Store.RetryQuarantinedAsync(DueProcess.Kind, 10, default));
        await UntilDoneAsync(process, 2);
        await Eventually.UntilAsync(() => process.Gauge("due.quarantined") == 0, "it is measured");
    }

    [SkippableFact]
    public async Task What_a_failed_attempt_says_commits_with_it_and_its_wait_is_not_shorter_than_it_asked_for()
    {
        var process = await StartAsync(null, [TimeSpan.FromMilliseconds(10)]);
        process.Handle = (work, _) => Task.FromResult(DueResult.Failed<OrdersDbContext>("busy", TimeSpan.FromHours(1), context => DueProcess.Done(work).Commit!(context)));

        await process.AddAsync(DueProcess.Work("work"));
        await Eventually.UntilAsync(async () => (await process.DoneAsync()).Count == 1, "it is committed");

        var row = Assert.Single(await process.RowsAsync());
        Assert.Equal(("busy", ""), (row.LastError, row.Owner));
        Assert.InRange(row.DueAtMs - await process.ClockAsync(), 3_500_000, 4_320_000);
    }

    [SkippableFact]
    public async Task A_result_that_cannot_be_committed_is_a_failure_and_leaves_nothing_behind()
    {
        var process = await StartAsync(null, []);
        process.Handle = (work, _) => Task.FromResult(DueResult.Done<OrdersDbContext>(async context =>
        {
            await DueProcess.Done(work).Commit!(context);
            await context.SaveChangesAsync();
            throw new InvalidOperationException("The result is no good.");
        }));

        await process.AddAsync(DueProcess.Work("work"));
        await Eventually.UntilAsync(async () => (await process.Store.ReadQuarantinedAsync(DueProcess.Kind, 1, default)).Count == 1, "it is quarantined");

        Assert.Equal("InvalidOperationException: The result is no good.", Assert.Single(await process.RowsAsync()).LastError);
        Assert.Empty(await process.DoneAsync());
    }

    /// <summary>What kills its process each time is not begun once more than it may be.</summary>
    [SkippableFact]
    public async Task Work_whose_process_died_in_its_last_attempt_is_quarantined_without_another()
    {
        var dead = await StartAsync(null, [], OneAtATime);
        dead.Handle = (_, _) => new TaskCompletionSource<DueResult<OrdersDbContext>>().Task;
        await dead.AddAsync(DueProcess.Work("kills"));
        await UntilBegunAsync(dead, 1);
        await dead.StopRenewingAsync();

        var heir = await StartAsync(null, []);
        await Eventually.UntilAsync(async () => (await heir.Store.ReadQuarantinedAsync(DueProcess.Kind, 1, default)).Count == 1, "it is quarantined");

        Assert.Empty(heir.Begun);
    }

    [SkippableFact]
    public async Task A_process_is_degraded_while_due_work_is_not_begun_and_says_how_late_it_is()
    {
        var process = await StartAsync(OneAtATime, ("Due:StallAfter", "00:00:00.1"), ("Due:LeaseDuration", "00:05:00"));
        var gate = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            await gate.Task;
            return DueProcess.Done(work);
        };
        Assert.Equal(HealthStatus.Healthy, (await process.HealthAsync()).Status);
        await process.AddAsync(DueProcess.Work("hangs"), DueProcess.Work("waits") with { Delay = TimeSpan.FromMilliseconds(1) }, DueProcess.Work("later") with { Delay = TimeSpan.FromHours(1) });

        await Eventually.UntilAsync(async () => (await process.HealthAsync()).Status == HealthStatus.Degraded, "it is seen");
        Assert.Matches("work of kind test has been due for [0-9]+ s without being begun, while 1 run here", (await process.HealthAsync()).Description);
        await Eventually.UntilAsync(() => process.Gauge("due.late") > 1, "it is measured");
        Assert.Equal((1, 1, 2), (process.Gauge("due.running"), process.Gauge("due.due"), process.Gauge("due.waiting")));

        gate.SetResult();
        await Eventually.UntilAsync(async () => (await process.HealthAsync()).Status == HealthStatus.Healthy, "it is well again");
        await Eventually.UntilAsync(() => process.Gauge("due.late") == 0 && process.Gauge("due.waiting") == 1, "it is measured");
    }
}

public sealed class DueFailureOnSqliteTests : DueFailureTests;

[Collection(nameof(DueOnPostgres))]
public sealed class DueFailureOnPostgresTests(PostgresDatabases postgres) : DueFailureTests(postgres);
