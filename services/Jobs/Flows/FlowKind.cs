using Google.Protobuf;
using Microservices.Hosting.Errors;

namespace Microservices.Jobs;

/// <summary>A flow, or a step of one, cannot succeed, however often it is tried. The message is for its owner.</summary>
internal class FlowFailedException(string message) : Exception(message);

/// <summary>A step has failed for good: thrown where the flow asks for its result. The flow has failed, unless its code does something else about it.</summary>
internal sealed class StepFailedException(string name, string detail) : FlowFailedException($"The step '{name}' has failed: {detail}");

/// <summary>What runs the flows of one kind.</summary>
internal interface IFlowKind
{
    /// <summary>What the kind is called: stored, so never to be changed.</summary>
    string Name { get; }

    /// <summary>Says what is wrong with an input.</summary>
    void Check(ByteString input, FieldViolations violations);

    /// <summary>Runs a flow from its beginning: steps that are done give what they have come to.</summary>
    Task<byte[]> RunAsync(ByteString input, FlowRun flow);
}

/// <summary>
/// The code of the flows that have this input. It runs again from its beginning each time that the flow goes on, and may be stopped at each step: so whatever it does, and whatever is not
/// the same each time, it does in a step. A class for each, registered by <see cref="FlowsRegistration.AddFlow"/>. Thread-safe.
/// </summary>
internal abstract class FlowKind<TInput, TOutput> : IFlowKind
    where TInput : class, IMessage<TInput>, new()
    where TOutput : IMessage<TOutput>
{
    private static readonly MessageParser<TInput> Parser = new(() => new TInput());

    public abstract string Name { get; }

    public void Check(ByteString input, FieldViolations violations)
    {
        if (Read(input) is { } message)
            Check(message, violations);
        else
            violations.Add("input", $"must be a {new TInput().Descriptor.FullName}");
    }

    public async Task<byte[]> RunAsync(ByteString input, FlowRun flow) =>
        (await RunAsync(Read(input) ?? throw new FlowFailedException($"Its input is no {new TInput().Descriptor.FullName}."), flow)).ToByteArray();

    /// <summary>Adds what is wrong with an input, each field as <c>input.NAME</c>.</summary>
    protected virtual void Check(TInput input, FieldViolations violations)
    {
    }

    /// <summary>Runs a flow.</summary>
    /// <exception cref="FlowFailedException">It has failed.</exception>
    protected abstract Task<TOutput> RunAsync(TInput input, FlowRun flow);

    private static TInput? Read(ByteString input)
    {
        try
        {
            return Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

/// <summary>The kinds of flows that this process runs.</summary>
internal sealed class FlowKinds(IEnumerable<IFlowKind> kinds)
{
    private readonly Dictionary<string, IFlowKind> known = kinds.ToDictionary(kind => kind.Name);

    public IReadOnlyCollection<string> Names => known.Keys;

    public IFlowKind? Find(string name) => known.GetValueOrDefault(name);
}
