using System.Text;

namespace Microservices.Gateway.Errors;

/// <summary>
/// Names fields as the REST caller knows them. The JSON mirrors the messages, so a path maps step by step
/// (<c>lines[2].unit_price</c> is <c>lines[2].unitPrice</c>), but for what HTTP puts elsewhere: the idempotency key is a header,
/// the user to update is the body itself, money is an amount and a currency, event types that may be absent are a list, and a duration says its unit.
/// </summary>
internal static class FieldNames
{
    /// <summary>The name that a field of a message has over HTTP. A name that is no field of a message stays as it is.</summary>
    public static string ToJson(string field)
    {
        if (field == "idempotency_key")
            return "Idempotency-Key";

        var path = field.StartsWith("user.", StringComparison.Ordinal) ? field["user.".Length..] : field;
        path = path.Replace("event_types.types", "event_types", StringComparison.Ordinal);
        return string.Join('.', path.Split('.').Select(Step));
    }

    private static string Step(string name) => name switch
    {
        "currency_code" => "currency",
        "units" or "nanos" => "amount",
        "overlap" => "overlapSeconds",
        "timeout" => "timeoutSeconds",
        _ => CamelCase(name),
    };

    private static string CamelCase(string name)
    {
        var json = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '_' && i > 0 && i + 1 < name.Length)
                json.Append(char.ToUpperInvariant(name[++i]));
            else
                json.Append(name[i]);
        }

        return json.ToString();
    }
}
