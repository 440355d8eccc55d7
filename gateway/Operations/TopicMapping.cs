using System.Text.Json;
using Microservices.Operations.V1;

namespace Microservices.Gateway.Operations;

/// <summary>What operators are shown of topics.</summary>
internal static class TopicMapping
{
    /// <summary>The topic as JSON has it.</summary>
    public static TopicStatus ToResource(this Topic topic, string service) => new()
    {
        Service = service,
        Topic = topic.Topic_,
        Epoch = topic.Epoch,
        Head = topic.Head,
        Tail = topic.Tail,
        UpdateTime = topic.UpdateTime.ToDateTimeOffset(),
        Readers = topic.Readers,
        LogEvents = topic.HasLogEvents ? topic.LogEvents : null,
        LogBytes = topic.HasLogBytes ? topic.LogBytes : null,
    };

    /// <summary>The event as JSON has it.</summary>
    public static ShownEvent ToResource(this TopicEvent e) => new()
    {
        Offset = e.Offset,
        Time = e.Time.ToDateTimeOffset(),
        Key = TextOf(e.Key),
        Size = e.Size,
        MessageType = TextOf(e.MessageType),
        Value = e.Json.Length == 0 ? null : JsonElement.Parse(e.Json),
        Payload = e.Payload.ToBase64(),
    };

    /// <summary>How far the watch has come, as JSON has it.</summary>
    public static TopicPosition ToPosition(this WatchTopicResponse frame) => new()
    {
        Time = frame.Time.ToDateTimeOffset(),
        Epoch = frame.Epoch,
        Offset = frame.Offset,
        Head = frame.Head,
        LeftOut = frame.LeftOut,
        Reset = frame.Reset is { } reset ? JsonNamingPolicy.CamelCase.ConvertName(reset.Reason.ToString()) : null,
    };

    private static string? TextOf(string text) => text.Length == 0 ? null : text;
}
