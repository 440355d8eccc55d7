using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>What the code of flows is promised, on a database of either kind.</summary>
public abstract class FlowTests(JobsHost host) : FlowsTestBase(host)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_flow_that_ships_archives_a_table_when_its_owner_approves_of_it(bool approved)
    {
        const string Csv = "a,b\n1,2\n3,4\n";
        var flow = (await Client.StartFlowAsync(new() { OwnerId = owner, Kind = "archive-csv", Input = new ArchiveCsvInput { Csv = Csv }.ToByteString() })).Flow;
        var asked = await UntilAsync(flow, now => now.Steps.Any(step => step is { Kind: FlowStepKind.Approval, State: FlowStepState.Waiting }), "it asks");
        Assert.Equal("Archive 2 rows of 2 columns?", asked.Steps[^1].Detail);

        var mine = host.FlowsOf(Tokens.Authority.Person(owner));
        await mine.DecideFlowAsync(new() { FlowId = flow.FlowId, Name = "archive", Approved = approved, Comment = "as agreed" });
        var done = await UntilAsync(flow, FlowState.Succeeded);
        var output = ArchiveCsvOutput.Parser.ParseFrom(done.Output);
        Assert.Equal((2L, approved, approved ? 4 : 2), (output.Statistics.Rows, output.Approved, done.Steps.Count));
        if (!approved)
            return;
        await using var unzipped = new GZipStream(new MemoryStream(output.Archive.ToByteArray()), CompressionMode.Decompress);
        Assert.Equal(Csv, await new StreamReader(unzipped, Encoding.UTF8).ReadToEndAsync());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(output.Archive.Span)), output.Digest);
        var error = await Errors.FailsAsync(StatusCode.FailedPrecondition, mine.DecideFlowAsync(new() { FlowId = flow.FlowId, Name = "archive" }));
        Assert.Equal("NOT_ASKED", error.Reason());
    }

    [SkippableFact]
    public async Task A_step_is_done_once_though_the_code_runs_again_after_a_sleep_a_signal_and_a_job()
    {
        var ran = new ConcurrentQueue<string>();
        var flow = await StartAsync(async run =>
        {
            var first = await OnceAsync(run, "first");
            await run.SleepAsync("nap", TimeSpan.FromMilliseconds(50));
            var second = await OnceAsync(run, "first");
            var signal = Encoding.UTF8.GetString((await run.SignalAsync("go", Day))!);
            var job = await run.JobAsync<HashOutput>("hash", "hash", new HashInput { Text = signal });
            return $"{first} {second} {job.Hex}";
        });
        await UntilAsync(flow, now => now.Flow.Detail == "It waits for the signal 'go'.", "it waits for the signal");
        var signal = new SignalFlowRequest { FlowId = flow.FlowId, Name = "go", Payload = ByteString.CopyFromUtf8("abc"), IdempotencyKey = $"k-{owner}" };
        Assert.Equal((false, true), ((await Client.SignalFlowAsync(signal)).Replayed, (await Client.SignalFlowAsync(signal)).Replayed));

        Assert.Equal("first0 first1 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", await OutputAsync(flow));
        Assert.Equal(["first0", "first1"], ran);
        var steps = (await GetAsync(flow)).Steps;
        Assert.Equal(["first 0", "nap 0", "first 1", "go 0", "hash 0"], steps.Select(step => $"{step.Name} {step.Occurrence}"));
        Assert.All(steps, step => Assert.Equal(FlowStepState.Done, step.State));

        async Task<string> OnceAsync(FlowRun run, string name) => (await run.StepAsync(name, _ =>
        {
            ran.Enqueue($"{name}{ran.Count}");
            return Task.FromResult(Text(ran.Last()));
        })).Value;
    }

    [SkippableFact]
    public async Task Signals_that_come_early_are_kept_in_their_order_up_to_a_hundred_and_one_that_does_not_come_times_out()
    {
        var flow = await StartAsync(async run =>
        {
            await run.SignalAsync("begin", Day);
            var (one, two) = (await run.SignalAsync("word", Day), await run.SignalAsync("word", Day));
            var none = await run.SignalAsync("other", TimeSpan.FromMilliseconds(1));
            var unanswered = await run.ApprovalAsync("ask", "Well?", TimeSpan.FromMilliseconds(1));
            return $"{Encoding.UTF8.GetString(one!)} {Encoding.UTF8.GetString(two!)} {none is null} {unanswered is null}";
        });
        await UntilAsync(flow, FlowState.Waiting);
        for (var i = 0; i < 99; i++)
            await SignalAsync(flow, "word", $"{i}");
        await SignalAsync(flow, "unasked", "");
        Assert.Equal("TOO_MANY_SIGNALS", (await Errors.FailsAsync(StatusCode.ResourceExhausted, Client.SignalFlowAsync(new() { FlowId = flow.FlowId, Name = "word" }))).Reason());
        Assert.Equal(100, (await GetAsync(flow)).Flow.Signals);
        // A flow that is full of them can still be told what it waits for.
        await SignalAsync(flow, "begin", "");

        Assert.Equal("0 1 True True", await OutputAsync(flow));
        Assert.Equal("FLOW_IS_OVER", (await Errors.FailsAsync(StatusCode.FailedPrecondition, Client.SignalFlowAsync(new() { FlowId = flow.FlowId, Name = "word" }))).Reason());
    }

    [SkippableFact]
    public async Task A_step_that_fails_is_tried_again_and_then_the_flow_fails_and_what_it_has_done_is_undone_the_last_first()
    {
        var ran = new ConcurrentQueue<string>();
        var flow = await StartAsync(async run =>
        {
            foreach (var name in (string[])["one", "two", "three"])
            {
                await run.StepAsync(name, _ => Task.FromResult(Text(name)));
                run.Compensate(name, _ =>
                {
                    ran.Enqueue(name);
                    return Task.CompletedTask;
                });
            }

            await run.StepAsync<StringValue>("four", _ =>
            {
                ran.Enqueue("four");
                throw new InvalidOperationException("secret");
            }, new(MaxAttempts: 2, FirstRetry: TimeSpan.FromMilliseconds(10)));
            return "";
        });
        var failed = await UntilAsync(flow, FlowState.Failed);
        Assert.Equal(["four", "four", "three", "two", "one"], ran);
        Assert.Equal("The step 'four' has failed: It has failed; the log of the service says why.", failed.Flow.Detail);
        Assert.DoesNotContain("secret", failed.ToString(), StringComparison.Ordinal);
        Assert.Equal(["undo.three", "undo.two", "undo.one"], failed.Steps.Where(step => step.Kind == FlowStepKind.Compensation).Select(step => step.Name));
        Assert.Equal((FlowStepState.Failed, 2), (failed.Steps[3].State, failed.Steps[3].Failures));
    }

    [SkippableFact]
    public async Task A_cancelled_flow_cancels_its_job_and_undoes_what_all_its_parts_have_done()
    {
        var undone = new ConcurrentQueue<string>();
        var flow = await StartAsync(async run =>
        {
            await run.MapAsync("parts", ["a", "b"], 2, async (part, item) =>
            {
                if (item == "a")
                    await part.JobAsync<HashOutput>("work", "hash", new HashInput { Rounds = 10_000_000_000 });
                await part.StepAsync("take", _ => Task.FromResult(Text(item)));
                part.Compensate("take", attempt =>
                {
                    undone.Enqueue(attempt.Id);
                    return Task.CompletedTask;
                });
                return await part.SignalAsync("go", Day);
            });
            return "";
        });
        var waits = await UntilAsync(flow, now => now.Steps.Count == 3 && now.Flow.State == FlowState.Waiting, "one part waits for its job, and the other one for a signal");
        var cancelled = await Client.CancelFlowAsync(new() { FlowId = flow.FlowId });
        Assert.True(cancelled.Flow.Cancelling || cancelled.Flow.State == FlowState.Cancelled);

        await UntilAsync(flow, FlowState.Cancelled);
        Assert.Equal([$"{flow.FlowId}/parts[1].undo.take/0"], undone);
        var jobId = waits.Steps.Single(step => step.Kind == FlowStepKind.Job).JobId;
        await Eventually.UntilAsync(async () => (await host.Client.GetJobAsync(new() { JobId = jobId })).Job.State == JobState.Cancelled, "its job is cancelled");
        Assert.Equal(FlowState.Cancelled, (await Client.CancelFlowAsync(new() { FlowId = flow.FlowId })).Flow.State);
        Assert.False(await host.Database.ReadAsync(context => Task.FromResult(context.Owners.Any(o => o.OwnerId == owner && o.Flows > 0)), default));
    }

    [SkippableFact]
    public async Task A_fan_out_does_so_many_parts_at_a_time_and_has_its_results_in_order()
    {
        var flow = await StartAsync(async run => string.Join(' ', await run.MapAsync("parts", Enumerable.Range(0, 5).ToList(), 2, async (part, i) =>
        {
            var signal = await part.SignalAsync("go", Day);
            return (await part.StepAsync("count", _ => Task.FromResult(Text($"{i}{Encoding.UTF8.GetString(signal!)}")))).Value;
        })));
        foreach (var next in (int[])[1, 2, 0, 4, 3])
        {
            var waiting = await UntilAsync(flow, now => now.Flow.State == FlowState.Waiting && now.Steps.Any(step => step.Name == $"parts[{next}].go" && step.State == FlowStepState.Waiting), $"part {next} waits");
            Assert.InRange(waiting.Steps.Count(step => step.State == FlowStepState.Waiting), 1, 2);
            await SignalAsync(flow, $"parts[{next}].go", "!");
        }

        Assert.Equal("0! 1! 2! 3! 4!", await OutputAsync(flow));
    }

    [SkippableFact]
    public async Task A_result_is_taken_from_another_flow_of_the_same_owner_with_an_equal_input_and_from_no_other_owner()
    {
        var ran = 0;
        Func<FlowRun, Task<string>> code = async run =>
        {
            var job = await run.JobAsync<HashOutput>("hash", "hash", new HashInput { Text = owner }, isCached: true);
            return job.Hex + (await run.StepAsync("local", _ => Task.FromResult(Text($"{Interlocked.Increment(ref ran)}")), new(CacheBy: Text(owner)))).Value;
        };
        var first = await OutputAsync(await StartAsync(code));
        var second = await StartAsync(code);
        Assert.Equal(first, await OutputAsync(second));
        Assert.Equal((1, true), (ran, (await GetAsync(second)).Steps.All(step => step.Cached)));

        var other = await StartAsync(code, ownerId: $"other-{owner}");
        await UntilAsync(other, FlowState.Succeeded);
        Assert.Equal((2, false), (ran, (await GetAsync(other)).Steps.Any(step => step.Cached)));
    }
}

public sealed class FlowOnSqliteTests(JobsHost host) : FlowTests(host), IClassFixture<JobsHost>;

public sealed class FlowOnPostgresTests : FlowTests, IClassFixture<PostgresJobsHost>
{
    public FlowOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
