using System.Text;
using System.Text.Json;
using Microservices.Gateway.Events;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>One event as EventSource would dispatch it.</summary>
internal sealed record SseEvent(string Name, string Data, string LastEventId)
{
    public JsonElement Json => JsonDocument.Parse(Data).RootElement;

    /// <summary>The order's or notification's id.</summary>
    public string? Subject => Name switch
    {
        "order" => Json.GetProperty("order").Text("orderId"),
        "notification" => Json.GetProperty("notification").Text("notificationId"),
        _ => null,
    };
}

/// <summary>Ids of events, and cursors of overviews, of the user "ada".</summary>
internal static class Ids
{
    /// <summary>The id that says these places.</summary>
    public static string Event(string places) => ReaderPositions.Seal("events/ada", places);

    /// <summary>The cursor that says these places.</summary>
    public static string Overview(string places) => ReaderPositions.Seal("overview/ada", places);
}

/// <summary>Reads a stream of server-sent events as WHATWG HTML, 9.2.6 says: an event counts, with its id, once its blank line has come.</summary>
internal sealed class SseParser
{
    private readonly StringBuilder line = new();
    private readonly List<string> data = [];
    private string name = "";
    private string id = "";

    public string LastEventId { get; private set; } = "";

    public string? Retry { get; private set; }

    public int Comments { get; private set; }

    public IEnumerable<SseEvent> Read(ReadOnlyMemory<byte> bytes)
    {
        foreach (var one in Encoding.ASCII.GetString(bytes.Span))
        {
            if (one != '\n')
            {
                line.Append(one);
                continue;
            }

            var text = line.ToString();
            line.Clear();
            if (text.Length > 0)
            {
                Field(text);
                continue;
            }

            LastEventId = id;
            if (data.Count > 0)
                yield return new SseEvent(name, string.Join('\n', data), id);
            data.Clear();
            name = "";
        }
    }

    private void Field(string text)
    {
        var (field, value) = text.IndexOf(": ", StringComparison.Ordinal) is >= 0 and var colon ? (text[..colon], text[(colon + 2)..]) : (text, "");
        switch (field)
        {
            case "": Comments++; break;
            case "data": data.Add(value); break;
            case "event": name = value; break;
            case "id": id = value; break;
            case "retry": Retry = value; break;
            default: throw new InvalidOperationException($"'{text}' is no field of an event.");
        }
    }
}
