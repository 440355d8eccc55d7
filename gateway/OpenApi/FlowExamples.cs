using System.Text.Json;
using Microservices.Gateway.Rest;

namespace Microservices.Gateway.OpenApi;

/// <summary>The examples of flows, in the API description.</summary>
internal static class FlowExamples
{
    private static readonly DateTime Time = new(2026, 1, 31, 12, 0, 0, 250, DateTimeKind.Utc);

    public static StartFlow Start { get; } = new() { OwnerId = "ada", Kind = "archive-csv", Input = JsonElement.Parse("""{"csv":"a,b\n1,2\n3,4\n"}""") };

    public static SignalFlow Signal { get; } = new() { Name = "go", Payload = [1, 2, 3] };

    public static DecideFlow Decide { get; } = new() { Name = "archive", Approved = true, Comment = "As agreed." };

    public static RerunFlow Rerun { get; } = new() { FromStep = 2 };

    public static Flow Waiting { get; } = new()
    {
        FlowId = "0198f3a2-7c80-7000-8000-8b3c5d7e9f17",
        OwnerId = "ada",
        Kind = "archive-csv",
        State = FlowState.Waiting,
        Detail = "It waits for an answer to 'archive': Archive 2 rows of 2 columns?.",
        Steps = 2,
        Signals = 0,
        Bytes = 136,
        Cancelling = false,
        Version = 4,
        CreateTime = Time,
    };

    public static Flow Cancelled { get; } = Waiting with { State = FlowState.Cancelled, Detail = null, Version = 6, EndTime = Time.AddHours(1) };

    public static Flow Rerunning { get; } = Waiting with { FlowId = "0198f3a2-7c80-7000-8000-8b3c5d7e9f18", State = FlowState.Running, Detail = null, Steps = 1, RerunOf = Waiting.FlowId, Version = 1 };

    public static FlowPage Page { get; } = new() { Flows = [Waiting] };

    private static FlowStep Asks { get; } = new()
    {
        Number = 2,
        Name = "archive",
        Occurrence = 0,
        Kind = FlowStepKind.Approval,
        State = FlowStepState.Waiting,
        Failures = 0,
        Detail = "Archive 2 rows of 2 columns?",
        OutputBytes = 0,
        Cached = false,
        Copied = false,
        CreateTime = Time.AddSeconds(1),
        DueTime = Time.AddDays(7),
    };

    public static FlowDetails Details { get; } = new() { Flow = Waiting, Steps = [Asks] };

    public static string EventText { get; } = $$"""
        retry: 2000

        event: ready
        data: {"heartbeatMs":15000}
        id: AXq0sYc2nF9TAAAAAAAAAAAHDTAxOThmM2EyN2M0MDdtWJQ

        event: flow
        data: {{JsonSerializer.Serialize(new FlowEvent { Kind = FlowEventKind.Stepped, Flow = Waiting, Step = Asks, Time = Time.AddSeconds(1) }, GatewayJson.Default.FlowEvent)}}
        id: {{WebhookExamples.Cursor}}


        """;
}
