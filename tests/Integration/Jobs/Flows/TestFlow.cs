using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Microservices.Jobs;

namespace Microservices.Tests.Integration.Jobs;

/// <summary>Flows whose code is that of a test: by their input, and another one while they wait where a test says so.</summary>
internal sealed class TestFlow : FlowKind<StringValue, StringValue>
{
    public const string KindName = "test";

    public ConcurrentDictionary<string, Func<FlowRun, Task<string>>> Codes { get; } = [];

    public override string Name => KindName;

    protected override async Task<StringValue> RunAsync(StringValue input, FlowRun flow) => new() { Value = await Codes[input.Value](flow) };
}
