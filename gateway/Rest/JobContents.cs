using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microservices.Jobs.V1;

namespace Microservices.Gateway.Rest;

/// <summary>What jobs and flows are given and come to, as JSON: by the messages that the contract has for each kind, as protobuf has them in JSON.</summary>
internal static class JobContents
{
    private static readonly Dictionary<string, (MessageDescriptor Input, MessageDescriptor Output)> Kinds =
        (from message in KindsReflection.Descriptor.MessageTypes
         let kind = message.GetOptions()?.GetExtension(KindsExtensions.Kind)
         where kind is not null
         select (kind.Name, (message, KindsReflection.Descriptor.FindTypeByName<MessageDescriptor>(kind.Output)))).ToDictionary();

    private static readonly Dictionary<string, (MessageDescriptor Input, MessageDescriptor Output)> Flows =
        (from message in FlowKindsReflection.Descriptor.MessageTypes
         let kind = message.GetOptions()?.GetExtension(FlowKindsExtensions.Flow)
         where kind is not null
         select (kind.Name, (message, FlowKindsReflection.Descriptor.FindTypeByName<MessageDescriptor>(kind.Output)))).ToDictionary();

    /// <summary>The input of a kind of jobs.</summary>
    /// <exception cref="InvalidRequestException">There is no such kind, or it has no such input.</exception>
    public static ByteString Read(string kind, JsonElement input) => Read(Kinds, kind, input);

    /// <summary>The input of a kind of flows.</summary>
    /// <exception cref="InvalidRequestException">There is no such kind, or it has no such input.</exception>
    public static ByteString ReadFlow(string kind, JsonElement input) => Read(Flows, kind, input);

    /// <summary>The output of a kind of jobs; null where this gateway does not know the kind.</summary>
    public static JsonElement? Write(string kind, ByteString output) => Write(Kinds, kind, output);

    /// <summary>The output of a kind of flows; null where this gateway does not know the kind.</summary>
    public static JsonElement? WriteFlow(string kind, ByteString output) => Write(Flows, kind, output);

    private static ByteString Read(Dictionary<string, (MessageDescriptor Input, MessageDescriptor Output)> kinds, string kind, JsonElement input)
    {
        if (!kinds.TryGetValue(kind, out var messages))
            throw new InvalidRequestException("kind", $"must be one of {string.Join(", ", kinds.Keys)}");
        try
        {
            return JsonParser.Default.Parse(input.GetRawText(), messages.Input).ToByteString();
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or FormatException or OverflowException)
        {
            throw new InvalidRequestException("input", $"must be a {messages.Input.FullName} as protobuf has it in JSON");
        }
    }

    private static JsonElement? Write(Dictionary<string, (MessageDescriptor Input, MessageDescriptor Output)> kinds, string kind, ByteString output) =>
        kinds.TryGetValue(kind, out var messages) ? JsonElement.Parse(JsonFormatter.Default.Format(messages.Output.Parser.ParseFrom(output))) : null;
}
