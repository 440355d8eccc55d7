using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace Microservices.Gateway.Rest;

/// <summary>
/// Says what is wrong with JSON that could not be read. The reader's exception tells where (its path); what should have been there
/// follows from the type, so that nothing of the framework's own text, or of our type names, reaches the caller.
/// </summary>
internal static partial class JsonDiagnosis
{
    private const int MaxNameLength = 200;

    /// <summary>The exception for the caller.</summary>
    public static InvalidRequestException Explain(JsonException exception, ReadOnlySpan<byte> json, JsonTypeInfo type)
    {
        // Its own reader's failures come wrapped: they are about JSON. All others are about a value.
        if (exception is { InnerException: JsonException } or { Path: null })
        {
            return new InvalidRequestException("$", string.Create(CultureInfo.InvariantCulture,
                $"is not valid JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}"));
        }

        using var document = TryParse(json);
        return new InvalidRequestException(Name(exception.Path), Describe(Steps().Matches(exception.Path), document?.RootElement, type));
    }

    // What follows the wrong value may not be JSON at all, or may be nested deeper than the parser allows.
    private static JsonDocument? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json.ToArray());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // $.lines[0].quantity is lines[0].quantity; $ is the body as a whole.
    private static string Name(string path)
    {
        var name = path.Length == 1 ? path : path[1..].TrimStart('.');
        return name.Length <= MaxNameLength ? name : name[..MaxNameLength] + "...";
    }

    private static string Describe(MatchCollection steps, JsonElement? element, JsonTypeInfo type)
    {
        foreach (Match step in steps)
        {
            if (step.Groups["index"] is { Success: true } index)
            {
                var at = int.Parse(index.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
                element = element is { ValueKind: JsonValueKind.Array } array && at < array.GetArrayLength() ? array[at] : null;
                type = type.Options.GetTypeInfo(type.ElementType!);
                continue;
            }

            var name = step.Groups["name"].Value;
            if (type.Properties.FirstOrDefault(property => property.Name == name) is not { } property)
                return "is not a known field";
            var members = Members(element, name);
            if (members.Length > 1)
                return "must be given once";
            element = members is [var only] ? only : null;
            type = type.Options.GetTypeInfo(property.PropertyType);
        }

        return Expected(element, type);
    }

    private static JsonElement[] Members(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } found ? [.. found.EnumerateObject().Where(member => IsCalled(member, name)).Select(member => member.Value)] : [];

    // A name may be valid JSON and still not be text: half of a surrogate pair.
    private static bool IsCalled(JsonProperty member, string name)
    {
        try
        {
            return member.NameEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string Expected(JsonElement? element, JsonTypeInfo type)
    {
        var value = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        return type.Kind switch
        {
            JsonTypeInfoKind.Object when element?.ValueKind == JsonValueKind.Object => "has a name that is not valid Unicode",
            JsonTypeInfoKind.Object => "must be an object",
            JsonTypeInfoKind.Enumerable => "must be an array",
            _ when value == typeof(string) && element?.ValueKind == JsonValueKind.String => "must be valid Unicode in UTF-8",
            _ when value == typeof(string) => "must be a string",
            _ when value == typeof(int) => $"must be a whole number from {int.MinValue} to {int.MaxValue}",
            _ when value == typeof(long) => $"must be a whole number from {long.MinValue} to {long.MaxValue}",
            _ when value.IsEnum => $"must be one of {string.Join(", ", EnumNames.Of(value))}",
            _ => "has the wrong type",
        };
    }

    // $.lines[0].quantity, $['a name with blanks']
    [GeneratedRegex(@"\.(?<name>[^.\[]*)|\[(?<index>[0-9]+)\]|\['(?<name>.*)'\]")]
    private static partial Regex Steps();
}
