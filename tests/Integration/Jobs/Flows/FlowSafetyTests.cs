using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Flow = Microservices.Jobs.V1.Flow;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>What flows promise when processes are lost, and to owners who are not alone, on a database of either kind.</summary>
public abstract class FlowSafetyTests(JobsHost host) : FlowsTestBase(host)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [SkippableFact]
    public async Task A_flow_of_fifty_steps_whose_process_is_lost_at_each_of_them_has_each_effect_once()
    {
        const int Steps = 50;
        var (lost, begun) = (new ConcurrentDictionary<int, bool>(), new ConcurrentQueue<int>());
        // One effect a step, in the database, counted where nothing else counts.
        var effects = $"effects-{owner}";
        await host.Database.WriteAsync(context => Task.FromResult(context.Owners.Add(new JobOwner { OwnerId = effects, Flows = 1 })), default);
        var flow = await StartAsync(async run =>
        {
            for (var i = 0; i < Steps; i++)
            {
                await run.StepAsync("step", async attempt =>
                {
                    begun.Enqueue(i);
                    attempt.Commit = context => context.Owners.Where(o => o.OwnerId == effects).ExecuteUpdateAsync(s => s.SetProperty(o => o.Bytes, o => o.Bytes + 1));
                    // Before its result is committed, or right after.
                    if (i % 2 == 0)
                        await LoseAsync(attempt.Id[..attempt.Id.IndexOf('/', StringComparison.Ordinal)], i);
                    return Text($"{i}");
                });
                if (i % 2 == 1)
                    await LoseAsync((await Client.ListFlowsAsync(new() { OwnerId = owner })).Flows.Single().FlowId, i);
            }

            return "done";
        });

        Assert.Equal("done", await OutputAsync(flow));
        Assert.Equal((Steps, Steps), (lost.Count, (await GetAsync(flow)).Steps.Count));
        Assert.Equal(Steps, await host.Database.ReadAsync(context => context.Owners.Where(o => o.OwnerId == effects).Select(o => o.Bytes).SingleAsync(), default));
        Assert.Equal(Enumerable.Range(0, Steps), begun.Distinct().Order());

        // What a process does that has lost the turn comes to nothing: another one has it, at once.
        async Task LoseAsync(string flowId, int step)
        {
            if (lost.TryAdd(step, true))
            {
                await host.Database.WriteAsync(context => context.DueWork.Where(w => w.Kind == FlowTurns.Kind && w.Id == flowId)
                    .ExecuteUpdateAsync(s => s.SetProperty(w => w.Fence, w => w.Fence + 1).SetProperty(w => w.Owner, "").SetProperty(w => w.LeasedUntilMs, 0)), default);
            }
        }
    }

    [SkippableFact]
    public async Task Another_owner_sees_nothing_and_changes_nothing()
    {
        var flow = await StartAsync(async run => $"{(await run.ApprovalAsync("ask", "Well?", Day))!.DecidedBy}");
        await UntilAsync(flow, FlowState.Waiting);
        var (mine, other) = (host.FlowsOf(Tokens.Authority.Person(owner)), host.FlowsOf(Tokens.Authority.Person("bob")));

        await Errors.FailsAsync(StatusCode.NotFound, other.GetFlowAsync(new() { FlowId = flow.FlowId }));
        await Errors.FailsAsync(StatusCode.NotFound, other.SignalFlowAsync(new() { FlowId = flow.FlowId, Name = "ask" }));
        await Errors.FailsAsync(StatusCode.NotFound, other.DecideFlowAsync(new() { FlowId = flow.FlowId, Name = "ask", Approved = true }));
        await Errors.FailsAsync(StatusCode.NotFound, other.CancelFlowAsync(new() { FlowId = flow.FlowId }));
        await Errors.FailsAsync(StatusCode.NotFound, other.RerunFlowAsync(new() { FlowId = flow.FlowId }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, other.ListFlowsAsync(new() { OwnerId = owner }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, other.StartFlowAsync(new() { OwnerId = owner, Kind = TestFlow.KindName }));
        await Errors.FailsAsync(StatusCode.PermissionDenied, host.FlowsOf(Tokens.Authority.Person(owner, scopes: ["jobs.read"])).DecideFlowAsync(new() { FlowId = flow.FlowId, Name = "ask" }));
        using var watch = other.WatchFlows();
        await watch.RequestStream.WriteAsync(new WatchFlowsRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = owner } });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal((int)StatusCode.PermissionDenied, watch.ResponseStream.Current.Failed.Status.Code);

        Assert.Equal(FlowState.Waiting, (await GetAsync(flow)).Flow.State);
        await mine.DecideFlowAsync(new() { FlowId = flow.FlowId, Name = "ask", Approved = true });
        Assert.Equal(owner, await OutputAsync(flow));
    }

    [SkippableFact]
    public async Task An_owner_with_many_flows_that_take_long_does_not_starve_another()
    {
        var go = new TaskCompletionSource();
        var many = new List<Flow>();
        for (var i = 0; i < 10; i++)
        {
            many.Add(await StartAsync(async run => (await run.StepAsync("hold", async _ =>
            {
                await go.Task;
                return Text("held");
            })).Value));
        }

        var other = await StartAsync(async run => (await run.StepAsync("quick", _ => Task.FromResult(Text("quick")))).Value, ownerId: $"other-{owner}");
        Assert.Equal("quick", await OutputAsync(other));
        go.SetResult();
        foreach (var flow in many)
            Assert.Equal("held", await OutputAsync(flow));
    }

    [SkippableFact]
    public async Task What_is_wrong_is_said_by_the_name_of_the_field()
    {
        var flow = await StartAsync(async run => $"{await run.SignalAsync("go", Day)}");
        await FailsAsync(["owner_id", "kind"], Client.StartFlowAsync(new()));
        await FailsAsync(["kind"], Client.StartFlowAsync(new() { OwnerId = owner, Kind = "unheard-of" }));
        await FailsAsync(["input"], Client.StartFlowAsync(new() { OwnerId = owner, Kind = "archive-csv", Input = ByteString.CopyFrom(0xff) }));
        await FailsAsync(["input"], Client.StartFlowAsync(new() { OwnerId = owner, Kind = "archive-csv", Input = ByteString.CopyFrom(new byte[(64 << 10) + 1]) }));
        await FailsAsync(["input.csv", "idempotency_key"], Client.StartFlowAsync(new() { OwnerId = owner, Kind = "archive-csv", IdempotencyKey = "ä" }));
        await FailsAsync(["flow_id"], Client.GetFlowAsync(new()));
        await FailsAsync(["state", "page_size", "page_token"], Client.ListFlowsAsync(new() { OwnerId = owner, State = (FlowState)99, PageSize = -1, PageToken = "x" }));
        await FailsAsync(["name", "payload"], Client.SignalFlowAsync(new() { FlowId = flow.FlowId, Name = "Go!", Payload = ByteString.CopyFrom(new byte[(16 << 10) + 1]) }));
        await FailsAsync(["name", "comment"], Client.DecideFlowAsync(new() { FlowId = flow.FlowId, Comment = new string('a', 501) }));
        await FailsAsync(["from_step"], Client.RerunFlowAsync(new() { FlowId = flow.FlowId, FromStep = -1 }));
        Assert.Equal("FLOW_IS_NOT_OVER", (await Errors.FailsAsync(StatusCode.FailedPrecondition, Client.RerunFlowAsync(new() { FlowId = flow.FlowId }))).Reason());

        static async Task FailsAsync<T>(string[] fields, AsyncUnaryCall<T> call) =>
            Assert.Equal(fields, (await Errors.FailsAsync(StatusCode.InvalidArgument, call)).Fields());
    }

    [SkippableFact]
    public async Task An_owner_has_as_many_flows_as_an_owner_may_have_and_they_are_listed_newest_first()
    {
        var flows = new List<string>();
        for (var i = 0; i < JobsHost.MaxFlows; i++)
            flows.Add((await StartAsync(async run => $"{await run.SignalAsync("go", Day)}")).FlowId);
        var error = await Errors.FailsAsync(StatusCode.ResourceExhausted, Client.StartFlowAsync(new() { OwnerId = owner, Kind = TestFlow.KindName }));
        Assert.Equal("TOO_MANY_FLOWS", error.Reason());

        var (listed, token) = (new List<string>(), "");
        do
        {
            var page = await Client.ListFlowsAsync(new() { OwnerId = owner, PageSize = 7, PageToken = token });
            listed.AddRange(page.Flows.Select(flow => flow.FlowId));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(Enumerable.Reverse(flows), listed);

        foreach (var flowId in flows)
            await Client.CancelFlowAsync(new() { FlowId = flowId });
        await Eventually.UntilAsync(async () => (await Client.ListFlowsAsync(new() { OwnerId = owner, State = FlowState.Cancelled })).Flows.Count == flows.Count, "all are cancelled");
        var started = new StartFlowRequest { OwnerId = owner, Kind = "archive-csv", Input = new ArchiveCsvInput { Csv = "a\n1\n" }.ToByteString(), IdempotencyKey = owner };
        Assert.Equal((await Client.StartFlowAsync(started)).Flow.FlowId, (await Client.StartFlowAsync(started)).Flow.FlowId);
    }

    [SkippableFact]
    public async Task Flows_that_are_over_are_deleted_with_all_that_there_is_of_them()
    {
        var flow = await StartAsync(async run => (await run.StepAsync("one", _ => Task.FromResult(Text("1")))).Value);
        await OutputAsync(flow);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(8));
        using var cleaner = new FlowCleaner(host.Database, Options.Create(new FlowsOptions()), time, NullLogger<FlowCleaner>.Instance);
        await cleaner.StartAsync(default);
        await Eventually.UntilAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return (await Client.ListFlowsAsync(new() { OwnerId = owner })).Flows.Count == 0;
        }, "it is gone");
        await cleaner.StopAsync(default);
        Assert.Equal(0, await host.Database.ReadAsync(async context =>
            await context.FlowSteps.CountAsync(s => s.FlowId == flow.FlowId) + await context.FlowContents.CountAsync(c => c.FlowId == flow.FlowId), default));
    }

    [SkippableFact]
    public async Task Who_watches_is_told_of_each_change_once_also_after_a_cut()
    {
        var flow = await StartAsync(async run =>
        {
            await run.StepAsync("one", _ => Task.FromResult(Text("1")));
            await run.SignalAsync("go", Day);
            return "";
        });
        await UntilAsync(flow, FlowState.Waiting);
        var (before, cursor) = await EventsAsync("", events => events.Exists(e => e.Kind == FlowEventKind.Waited));
        await Client.SignalFlowAsync(new() { FlowId = flow.FlowId, Name = "go" });
        await UntilAsync(flow, FlowState.Succeeded);
        var (after, _) = await EventsAsync(cursor, events => events.Exists(e => e.Kind == FlowEventKind.Ended));

        Assert.Equal(
            ["Started ", "Stepped one Done", "Stepped go Waiting", "Waited ", "Stepped go Done", "Ended "],
            before.Concat(after).Select(e => $"{e.Kind} {(e.Step is null ? "" : $"{e.Step.Name} {e.Step.State}")}"));
        Assert.Equal((await GetAsync(flow)).Flow, after[^1].Flow);
    }

    private async Task<(List<FlowEvent> Events, string Cursor)> EventsAsync(string cursor, Func<List<FlowEvent>, bool> isEnough)
    {
        using var watch = Client.WatchFlows();
        await watch.RequestStream.WriteAsync(new WatchFlowsRequest { Subscribe = new Subscription { SubscriptionId = 1, Key = owner, Cursor = cursor, FromEarliest = cursor.Length == 0 } });
        using var timeout = new CancellationTokenSource(Eventually.Timeout);
        var events = new List<FlowEvent>();
        while (await watch.ResponseStream.MoveNext(timeout.Token))
        {
            Assert.Null(watch.ResponseStream.Current.Failed);
            events.AddRange(watch.ResponseStream.Current.Events?.Events ?? []);
            if (isEnough(events))
                return (events, watch.ResponseStream.Current.Events!.Cursor);
        }

        throw new InvalidOperationException("The stream has ended.");
    }
}

public sealed class FlowSafetyOnSqliteTests(JobsHost host) : FlowSafetyTests(host), IClassFixture<JobsHost>;

public sealed class FlowSafetyOnPostgresTests : FlowSafetyTests, IClassFixture<PostgresJobsHost>
{
    public FlowSafetyOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
