using System.Text.Json;
using Microservices.Webhooks.V1;

namespace Microservices.Webhooks;

/// <summary>What a sender calls what it has sent. Of one whose signature was checked.</summary>
/// <param name="MessageId">Its id; null when it has none, or one that cannot be kept.</param>
/// <param name="EventType">What it tells of; empty when that is not said, or cannot be kept.</param>
/// <param name="ContentType">Its content type; the same holds.</param>
internal sealed record SenderNames(string? MessageId, string EventType, string ContentType)
{
    /// <summary>Where a kind of sender says the id: a header, or a field of the body.</summary>
    public static string IdField(SourceKind kind) => kind switch
    {
        SourceKind.Github => "X-GitHub-Delivery",
        SourceKind.Stripe => "id",
        _ => "webhook-id",
    };

    /// <summary>Reads them as a kind of sender writes them.</summary>
    public static SenderNames Read(SourceKind kind, IDictionary<string, string> headers, ReadOnlySpan<byte> body)
    {
        var (id, type) = kind == SourceKind.Github ? (null, Header(headers, "x-github-event")) : InBody(body);
        if (kind != SourceKind.Stripe)
            id = Header(headers, IdField(kind).ToLowerInvariant());
        return new(OrNull(id), OrNull(type) ?? "", OrNull(Header(headers, "content-type"), least: ' ') ?? "");
    }

    private static string? Header(IDictionary<string, string> headers, string name) => headers.TryGetValue(name, out var value) ? value : null;

    private static string? OrNull(string? text, char least = '!') =>
        text is { Length: > 0 and <= ReceivedMessage.MaxText } && text.All(c => c >= least && c <= '~') ? text : null;

    // A body may be anything: one that is no JSON has neither.
    private static (string? Id, string? Type) InBody(ReadOnlySpan<byte> body)
    {
        var (id, type) = ((string?)null, (string?)null);
        try
        {
            var json = new Utf8JsonReader(body);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                return default;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var (isId, isType) = (json.ValueTextEquals("id"u8), json.ValueTextEquals("type"u8));
                json.Read();
                if (isId && json.TokenType == JsonTokenType.String)
                    id ??= json.GetString();
                else if (isType && json.TokenType == JsonTokenType.String)
                    type ??= json.GetString();
                json.Skip();
            }
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            // Not JSON to its end, or not text.
        }

        return (id, type);
    }
}
