using System.Text.Json.Nodes;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>What there is that can be named in a request, so that a request gets further than its first check; by the fields' names.</summary>
internal sealed class Corpus
{
    private readonly Dictionary<string, List<string>> values = [];

    /// <summary>The operations of the gateway's OpenAPI document.</summary>
    public required IReadOnlyList<RestOperation> Operations { get; init; }

    /// <summary>Sources of webhooks, of each kind some.</summary>
    public List<HostileSource> Sources { get; } = [];

    /// <summary>Adds a value for the fields of this name (snake_case).</summary>
    public void Add(string field, string value)
    {
        if (!values.TryGetValue(field, out var list))
            values[field] = list = [];
        list.Add(value);
    }

    /// <summary>Adds several.</summary>
    public void AddAll(string field, IEnumerable<string> all)
    {
        foreach (var value in all)
            Add(field, value);
    }

    /// <summary>One of the values for a field, as it is, or slightly changed; null when nothing is known for it.</summary>
    public string? Next(string field, Random random)
    {
        if (!values.TryGetValue(field, out var known))
            return null;
        var value = known[random.Next(known.Count)];
        return random.Next(4) == 0 ? Texts.Mutate(value, random) : value;
    }
}

/// <summary>An operation of the REST API, with its examples.</summary>
internal sealed record RestOperation(string Method, string Path, IReadOnlyList<RestParameter> Parameters, JsonNode? Body)
{
    /// <summary>Those of an OpenAPI document.</summary>
    public static IReadOnlyList<RestOperation> Read(JsonNode document) =>
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           select new RestOperation(operation.Key.ToUpperInvariant(), path.Key,
               [.. (operation.Value!["parameters"]?.AsArray() ?? []).Select(p => new RestParameter((string)p!["name"]!, (string)p["in"]!, p["example"]?.ToString() ?? ""))],
               operation.Value["requestBody"]?["content"]?["application/json"]?["example"]),
    ];
}

/// <summary>A parameter: where it goes (path, query, header) and an example.</summary>
internal sealed record RestParameter(string Name, string In, string Example);
