using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Flows whose code is another one than that which they began with.</summary>
public abstract class FlowVersionTests(JobsHost host) : FlowsTestBase(host)
{
    [SkippableFact]
    public async Task A_flow_whose_code_changes_while_it_waits_is_not_stuck()
    {
        var (name, ran) = ($"code-{owner}", new ConcurrentQueue<string>());
        var flow = await StartAsync(async run =>
        {
            await DoAsync(run, "one");
            await DoAsync(run, "removed");
            await run.SignalAsync("go", TimeSpan.FromDays(1));
            return "";
        }, name);
        await UntilAsync(flow, FlowState.Waiting);
        host.Code.Codes[name] = async run =>
        {
            await DoAsync(run, "inserted");
            var before = await run.VersionAsync("taxes", 3);
            await DoAsync(run, "one");
            await run.SignalAsync("go", TimeSpan.FromDays(1));
            await DoAsync(run, "renamed");
            return $"{before} {await run.VersionAsync("later", 2)} {await run.VersionAsync("taxes", 4)}";
        };
        await SignalAsync(flow, "go", "");

        // It has been beyond the first when that was asked; 'later' was asked where nothing comes after but what was removed.
        Assert.Equal("0 0 0", await OutputAsync(flow));
        Assert.Equal(["one", "removed", "inserted", "renamed"], ran);
        Assert.Equal("3 2 4", await OutputAsync(await StartAsync(async run =>
            $"{await run.VersionAsync("taxes", 3)} {await run.VersionAsync("later", 2)} {await run.VersionAsync("taxes", 4)}")));

        Task<StringValue> DoAsync(FlowRun run, string step) => run.StepAsync(step, _ =>
        {
            ran.Enqueue(step);
            return Task.FromResult(Text(step));
        });
    }

    [SkippableFact]
    public async Task A_flow_is_run_again_from_a_step_on_and_compared_with_what_it_came_to_before()
    {
        var (name, ran) = ($"code-{owner}", new ConcurrentQueue<string>());
        host.Code.Codes[name] = run => ModelAsync(run, "old");
        var flow = await StartAsync(host.Code.Codes[name], name);
        await OutputAsync(flow);
        host.Code.Codes[name] = async run => await ModelAsync(run, "new") + (await DoAsync(run, "added", "added")).Value;
        ran.Clear();
        var request = new RerunFlowRequest { FlowId = flow.FlowId, FromStep = 2, IdempotencyKey = owner };
        var again = (await Client.RerunFlowAsync(request)).Flow;
        Assert.Equal((flow.FlowId, again.FlowId), (again.RerunOf, (await Client.RerunFlowAsync(request)).Flow.FlowId));

        Assert.Equal("new same added", await OutputAsync(again));
        Assert.Equal(["train", "report", "added"], ran);
        Assert.Equal(
            [("load", true, FlowComparison.Same), ("train", false, FlowComparison.Different), ("report", false, FlowComparison.Same), ("added", false, FlowComparison.New)],
            (await GetAsync(again)).Steps.Select(step => (step.Name, step.Copied, step.Comparison)));

        async Task<string> ModelAsync(FlowRun run, string model)
        {
            await DoAsync(run, "load", "data");
            return $"{(await DoAsync(run, "train", model)).Value} {(await DoAsync(run, "report", "same ")).Value}";
        }

        Task<StringValue> DoAsync(FlowRun run, string step, string result) => run.StepAsync(step, _ =>
        {
            ran.Enqueue(step);
            return Task.FromResult(Text(result));
        });
    }
}

public sealed class FlowVersionOnSqliteTests(JobsHost host) : FlowVersionTests(host), IClassFixture<JobsHost>;

public sealed class FlowVersionOnPostgresTests : FlowVersionTests, IClassFixture<PostgresJobsHost>
{
    public FlowVersionOnPostgresTests(PostgresJobsHost host)
        : base(host) => Skip.If(Needs.WhyNot(Need.PostgreSql) is not null, Needs.WhyNot(Need.PostgreSql));
}
