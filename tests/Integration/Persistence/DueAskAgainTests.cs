
namespace Microservices.Tests.Integration.Persistence;

/// <summary>One row of due work stands for "look what there is to do", however often it is asked for.</summary>
public abstract class DueAskAgainTests(PostgresDatabases? postgres = null) : DueTestBase(postgres)
{
    /// <summary>Whoever asks again may have committed something that the work, which is being done, has not seen.</summary>
    [SkippableFact]
    public async Task What_is_asked_for_again_while_it_is_done_is_done_once_more()
    {
        var process = await StartAsync();
        var goOn = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            var round = process.Begun.Count;
            if (round == 1)
                await goOn.Task;
            return DueProcess.Done(work, $"/{round}");
        };
        await process.AddAsync(DueProcess.Work("look"));
        await UntilBegunAsync(process, 1);

        await process.AddAsync(DueProcess.Work("look") with { AsksAgain = true });
        await process.AddAsync(DueProcess.Work("look") with { AsksAgain = true }, DueProcess.Work("look") with { AsksAgain = true });
        goOn.SetResult();
        await UntilDoneAsync(process, 2);

        Assert.Equal(["look/1", "look/2"], (await process.DoneAsync()).Order());
        Assert.Equal([1, 1], process.Begun.Select(work => work.Attempts));
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("key")]
    public async Task What_is_asked_for_again_all_the_time_holds_up_no_other(string key)
    {
        const int Rounds = 30;
        var process = await StartAsync(OneAtATime);
        var goOn = new TaskCompletionSource();
        process.Handle = async (work, _) =>
        {
            await goOn.Task;
            if (work.Id == "busy" && process.Begun.Count < Rounds)
                await process.AddAsync(DueProcess.Work("busy", key) with { AsksAgain = true });
            return DueProcess.Done(work, $"/{process.Begun.Count}");
        };
        await process.AddAsync(DueProcess.Work("busy", key));
        await UntilBegunAsync(process, 1);

        await process.AddAsync(DueProcess.Work("other", key));
        goOn.SetResult();
        await UntilBegunAsync(process, Rounds);

        // Next, or soon where both are due in the same millisecond.
        Assert.InRange(process.Begun.Select(work => work.Id).ToList().IndexOf("other"), 1, 5);
    }

    [SkippableFact]
    public async Task What_is_asked_for_again_is_due_at_the_earlier_of_both_times()
    {
        var process = await StartAsync();
        await process.AddAsync(DueProcess.Work("look") with { Delay = TimeSpan.FromDays(1) });
        await process.AddAsync(DueProcess.Work("look") with { AsksAgain = true, Delay = TimeSpan.FromDays(2) });
        var before = Assert.Single(await process.RowsAsync()).DueAtMs;

        await process.AddAsync(DueProcess.Work("look") with { AsksAgain = true });
        await UntilDoneAsync(process, 1);

        Assert.InRange(before - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), TimeSpan.FromHours(23).TotalMilliseconds, TimeSpan.FromHours(25).TotalMilliseconds);
    }
}

public sealed class DueAskAgainOnSqliteTests : DueAskAgainTests;

[Collection(nameof(DueOnPostgres))]
public sealed class DueAskAgainOnPostgresTests(PostgresDatabases postgres) : DueAskAgainTests(postgres);
