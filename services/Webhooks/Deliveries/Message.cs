using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Microservices.Webhooks;

/// <summary>What is sent of one event, to however many endpoints.</summary>
internal sealed class Message
{
    public const int MaxId = 64;

    public required string MessageId { get; init; }

    /// <summary>The body of the request, in JSON.</summary>
    public required byte[] Body { get; init; }

    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>The id that an event always has: whoever makes a message of it twice makes the same one.</summary>
    public static string IdOf(string source, string eventType, string key, long version) =>
        $"msg_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source}\n{eventType}\n{key}\n{version}")).AsSpan(0, 16))}";

    /// <summary>A CloudEvent 1.0 in the JSON format.</summary>
    /// <param name="id">The message's id.</param>
    /// <param name="source">Where it happened, such as <c>/orders</c>.</param>
    /// <param name="eventType">What happened.</param>
    /// <param name="subject">What it happened to.</param>
    /// <param name="time">When.</param>
    /// <param name="data">The event, in JSON.</param>
    public static byte[] Write(string id, string source, string eventType, string subject, DateTimeOffset time, string data)
    {
        var buffer = new ArrayBufferWriter<byte>(data.Length + 256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", id);
            json.WriteString("source", source);
            json.WriteString("type", eventType);
            json.WriteString("subject", subject);
            json.WriteString("time", time.UtcDateTime);
            json.WriteString("datacontenttype", "application/json");
            json.WritePropertyName("data");
            json.WriteRawValue(data);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
