using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs;
using Microservices.Jobs.V1;
using Microservices.Tests.Support;
using Client = Microservices.Jobs.V1.FlowsService.FlowsServiceClient;
using Flow = Microservices.Jobs.V1.Flow;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>An owner of flows, and what tests of them ask; on a database of either kind.</summary>
public abstract class FlowsTestBase(JobsHost host) : IAsyncLifetime
{
    private protected readonly JobsHost host = host;
    private protected readonly string owner = $"owner-{Guid.NewGuid():n}";

    private protected Client Client => host.Flows;

    public Task InitializeAsync() => Task.CompletedTask;

    // What is left would have the places of the next test.
    public async Task DisposeAsync()
    {
        foreach (var flow in (await Client.ListFlowsAsync(new() { OwnerId = owner, PageSize = 500 })).Flows.Where(flow => flow.EndTime is null))
            await Client.CancelFlowAsync(new() { FlowId = flow.FlowId });
    }

    private protected static StringValue Text(string text) => new() { Value = text };

    /// <summary>Has a flow of this owner run this code.</summary>
    private protected async Task<Flow> StartAsync(Func<FlowRun, Task<string>> code, string? name = null, string? ownerId = null)
    {
        var input = name ?? $"code-{Guid.NewGuid():n}";
        host.Code.Codes[input] = code;
        return (await Client.StartFlowAsync(new() { OwnerId = ownerId ?? owner, Kind = TestFlow.KindName, Input = Text(input).ToByteString() })).Flow;
    }

    private protected async Task<GetFlowResponse> GetAsync(Flow flow) => await Client.GetFlowAsync(new() { FlowId = flow.FlowId });

    private protected async Task SignalAsync(Flow flow, string name, string payload) =>
        await Client.SignalFlowAsync(new() { FlowId = flow.FlowId, Name = name, Payload = ByteString.CopyFromUtf8(payload) });

    /// <summary>The flow, once it is as it is to be.</summary>
    private protected async Task<GetFlowResponse> UntilAsync(Flow flow, Func<GetFlowResponse, bool> condition, string what)
    {
        var now = new GetFlowResponse { Flow = flow };
        try
        {
            await Eventually.UntilAsync(async () => condition(now = await GetAsync(flow)), what);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; it was {now}");
        }

        return now;
    }

    private protected Task<GetFlowResponse> UntilAsync(Flow flow, FlowState state) => UntilAsync(flow, now => now.Flow.State == state, $"the flow is {state}");

    private protected async Task<string> OutputAsync(Flow flow) => StringValue.Parser.ParseFrom((await UntilAsync(flow, FlowState.Succeeded)).Output).Value;
}
