using Microservices.Orders;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Tests.Integration.Persistence;

/// <summary>Work is one process's for as long as that lives, and no longer.</summary>
public abstract class DueLeaseTests(PostgresDatabases? databases = null) : DueTestBase(databases)
{
    private const string LongLease = "00:05:00";

    [SkippableFact]
    public async Task What_a_process_had_that_died_is_done_by_another_and_its_own_result_is_refused()
    {
        var dead = await StartAsync(OneAtATime);
        var gate = new TaskCompletionSource();
        dead.Handle = async (work, _) =>
        {
            await gate.Task;
            return DueProcess.Done(work, " by the dead");
        };
        await dead.AddAsync(DueProcess.Work("work", "key"));
        await UntilBegunAsync(dead, 1);
        await dead.StopRenewingAsync();

        Assert.True(dead.Begun.Single().IsLeased);
        var (heir, heirs, wasLeased) = (await StartAsync(), new TaskCompletionSource(), true);
        heir.Handle = async (work, _) =>
        {
            wasLeased = dead.Begun.Single().IsLeased;
            await heirs.Task;
            return DueProcess.Done(work, " by the heir");
        };
        await UntilBegunAsync(heir, 1);
        // The dead come back while the heir is at it: the row is there, and only the fence tells them apart.
        gate.SetResult();
        await Eventually.UntilAsync(() => dead.Warnings.Any(line => line.StartsWith("What came of test work is dropped", StringComparison.Ordinal)), "it is refused");
        heirs.SetResult();
        await UntilDoneAsync(heir, 1);

        Assert.Equal(["work by the heir"], await heir.DoneAsync());
        Assert.Equal(2, heir.Begun.Single().Attempts);
        Assert.False(wasLeased, "the dead do not know that another may have begun");
    }

    /// <summary>They lock the same rows: in another order each would wait for the other until PostgreSQL ends one of them, and for so long no lease is renewed.</summary>
    [SkippableFact]
    public async Task Renewing_leases_and_asking_again_do_not_wait_for_each_other()
    {
        var process = await StartAsync(("Due:LeaseDuration", LongLease), ("Due:Concurrency", "50"));
        var gate = new TaskCompletionSource();
        process.Handle = async (_, _) =>
        {
            await gate.Task;
            return DueResult.Done<OrdersDbContext>();
        };
        var again = Enumerable.Range(0, 50).Select(i => DueProcess.Work($"{(char)((i % 2 == 0 ? 'A' : 'a') + (i / 2))}") with { AsksAgain = true }).ToArray();
        // As they lie in the table: the other way round.
        foreach (var work in again.OrderByDescending(w => w.Id, StringComparer.Ordinal))
            await process.AddAsync(work);
        await UntilBegunAsync(process, again.Length);
        var rows = await process.RowsAsync();

        var renewing = Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
                Assert.Equal(rows.Count, process.Store.Renew(rows[0].Owner, rows.Select(row => row.Number)).Count);
        });
        while (!renewing.IsCompleted)
            await process.AddAsync(again);
        await renewing;

        if (postgres is not null)
            Assert.Equal(0, await process.Database.ReadAsync(context => context.Database.SqlQueryRaw<long>("""SELECT deadlocks AS "Value" FROM pg_stat_database WHERE datname = current_database()""").SingleAsync(), default));
        Assert.All(process.Begun, work => Assert.True(work.IsLeased));
        gate.SetResult();
    }

    [SkippableFact]
    public async Task A_lease_that_was_lost_cancels_the_work_and_the_result_of_the_other_is_not_undone()
    {
        var (one, two) = (await StartAsync(OneAtATime), await StartAsync(OneAtATime));
        var gate = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        one.Handle = two.Handle = async (work, token) =>
        {
            token.Register(() => cancelled.TrySetResult());
            await gate.Task;
            return DueProcess.Done(work);
        };
        await one.AddAsync(DueProcess.Work("work"));
        await Eventually.UntilAsync(() => one.Begun.Count + two.Begun.Count == 1, "it is begun");

        // As if another had taken it while this process stood still.
        await one.Database.WriteAsync(context => context.DueWork.ExecuteUpdateAsync(s => s.SetProperty(w => w.Owner, "another").SetProperty(w => w.Fence, w => w.Fence + 1)), default);
        await cancelled.Task.WaitAsync(Eventually.Timeout);
        gate.SetResult();

        await UntilDoneAsync(one, 1);
        Assert.Equal(2, one.Begun.Count + two.Begun.Count);
    }

    [SkippableFact]
    public async Task Work_that_blocks_its_thread_keeps_its_lease()
    {
        var (one, two) = (await StartAsync(OneAtATime), await StartAsync(OneAtATime));
        using var gate = new ManualResetEventSlim();
        one.Handle = two.Handle = (work, _) =>
        {
            gate.Wait(Eventually.Timeout, CancellationToken.None);
            return Task.FromResult(DueProcess.Done(work));
        };

        await one.AddAsync(DueProcess.Work("work"));
        await Eventually.UntilAsync(() => one.Begun.Count + two.Begun.Count == 1, "it is begun");
        await UntilRenewedAsync(one);
        gate.Set();

        await UntilDoneAsync(one, 1);
        Assert.Equal(1, one.Begun.Count + two.Begun.Count);
    }

    [SkippableFact]
    public async Task Clocks_that_are_ten_minutes_off_do_no_harm()
    {
        var (fast, slow) = (await StartAsync(new WrongClock(TimeSpan.FromMinutes(10)), null, OneAtATime), await StartAsync(new WrongClock(TimeSpan.FromMinutes(-10)), null, OneAtATime));
        var gate = new TaskCompletionSource();
        fast.Handle = slow.Handle = async (work, _) =>
        {
            await gate.Task;
            return DueProcess.Done(work);
        };

        foreach (var (process, id) in new[] { (fast, "fast"), (slow, "slow") })
        {
            gate = new();
            await process.AddAsync(DueProcess.Work(id));
            await Eventually.UntilAsync(() => fast.Begun.Concat(slow.Begun).Any(work => work.Id == id), "it is begun at once");
            await UntilRenewedAsync(process);
            gate.SetResult();
            await Eventually.UntilAsync(async () => (await process.RowsAsync()).Count == 0, "it is done");
            await process.AddAsync(DueProcess.Work("later") with { Delay = TimeSpan.FromHours(1) });
            Assert.InRange(Assert.Single(await process.RowsAsync()).DueAtMs - await process.ClockAsync(), 3_500_000, 3_600_000);
            await process.Database.WriteAsync(context => context.DueWork.ExecuteDeleteAsync(), default);
        }

        Assert.Equal(["fast", "slow"], fast.Begun.Concat(slow.Begun).Select(work => work.Id).Order());
    }

    /// <summary>As a process leaves it that died with a clock that was fast, or a database whose clock was set back.</summary>
    [SkippableFact]
    public async Task A_lease_that_ends_further_ahead_than_a_lease_lasts_keeps_nobody_from_the_work()
    {
        var process = await StartAsync();
        var now = await process.ClockAsync();
        await process.Database.WriteAsync(context =>
        {
            context.DueWork.Add(new DueWork
            {
                Number = 0,
                Kind = DueProcess.Kind,
                Id = "work",
                Key = "",
                Priority = DuePriority.Normal,
                DueAtMs = now,
                Payload = [],
                TraceContext = null,
                State = DueState.Ready,
                Attempts = 1,
                Owner = "dead",
                LeasedUntilMs = now + 600_000,
                Fence = 1,
                LastError = "",
            });
            return Task.FromResult(0);
        }, default);

        await UntilDoneAsync(process, 1);
    }

    [SkippableFact]
    public async Task What_does_not_end_in_the_time_to_drain_is_given_back_and_another_goes_on_at_once()
    {
        var one = await StartAsync(("Due:LeaseDuration", LongLease), ("Due:DrainTimeout", "00:00:00"));
        var cancelled = new TaskCompletionSource();
        one.Handle = async (_, token) =>
        {
            token.Register(() => cancelled.TrySetResult());
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
            throw new InvalidOperationException("It never ends.");
        };
        await one.AddAsync(DueProcess.Work("ignores its token", "key"));
        await UntilBegunAsync(one, 1);
        var two = await StartAsync(("Due:LeaseDuration", LongLease));

        await one.StopAsync();

        await cancelled.Task.WaitAsync(Eventually.Timeout);
        await UntilDoneAsync(two, 1);
        Assert.Equal(1, two.Begun.Single().Attempts);
    }

    [SkippableFact]
    public async Task What_ends_in_the_time_to_drain_is_committed_and_nothing_more_is_begun()
    {
        var process = await StartAsync(OneAtATime, ("Due:DrainTimeout", "00:00:20"));
        process.Handle = async (work, _) =>
        {
            var stopping = new TaskCompletionSource();
            await using var told = process.Stopping.Register(() => stopping.TrySetResult());
            await stopping.Task;
            return DueProcess.Done(work);
        };
        await process.AddAsync(DueProcess.Work("running"), DueProcess.Work("next"));
        await UntilBegunAsync(process, 1);

        await process.StopAsync();

        Assert.Equal(["running"], await process.DoneAsync());
        Assert.Equal(["next"], (await process.RowsAsync()).Select(work => work.Id));
        Assert.Equal("running", Assert.Single(process.Begun).Id);
    }

    private sealed class WrongClock(TimeSpan off) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + off;
    }
}

public sealed class DueLeaseOnSqliteTests : DueLeaseTests;

[Collection(nameof(DueOnPostgres))]
public sealed class DueLeaseOnPostgresTests(PostgresDatabases postgres) : DueLeaseTests(postgres);
