using Microservices.Hosting.Errors;

namespace Microservices.Gateway.Rest;

/// <summary>What is wrong with the HTTP or JSON of a request, by the name of the field, parameter or header; "$" is the body as a whole.</summary>
internal sealed class InvalidRequestException(IReadOnlyDictionary<string, string[]> errors, int more = 0) : Exception("The request is not valid.")
{
    // Names are the caller's, of any length.
    private const int MaxNameBytes = 100;

    /// <summary>For one thing that is wrong.</summary>
    public InvalidRequestException(string name, string description)
        : this(new Dictionary<string, string[]> { [ErrorBounds.Cut(name, MaxNameBytes)] = [description] })
    {
    }

    /// <summary>The descriptions by name.</summary>
    public IReadOnlyDictionary<string, string[]> Errors => errors;

    /// <summary>How many more things are wrong.</summary>
    public int More => more;
}

/// <summary>
/// Collects what is wrong, so that the caller learns of all of it at once: the first <see cref="ErrorBounds.MaxViolations"/>, and how many
/// more there are.
/// </summary>
internal sealed class RequestErrors
{
    private readonly Dictionary<string, string[]> errors = [];
    private int more;

    /// <summary>Adds one; the first about a name stays.</summary>
    public void Add(string name, string description)
    {
        if (errors.Count < ErrorBounds.MaxViolations)
            errors.TryAdd(name, [description]);
        else if (!errors.ContainsKey(name))
            more++;
    }

    /// <summary>Returns the value, or notes that it is missing.</summary>
    public T Required<T>(string name, T? value, T placeholder)
        where T : class
    {
        if (value is null)
            Add(name, "is required");
        return value ?? placeholder;
    }

    /// <summary>Returns the value, or notes that it is missing.</summary>
    public T Required<T>(string name, T? value)
        where T : struct
    {
        if (value is null)
            Add(name, "is required");
        return value ?? default;
    }

    /// <summary>Returns the texts of a list, and notes which are null.</summary>
    public IEnumerable<string> Texts(string name, IReadOnlyList<string?> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is { } text)
                yield return text;
            else
                Add($"{name}[{i}]", "must be a string");
        }
    }

    /// <summary>Ends the request if anything is wrong.</summary>
    /// <exception cref="InvalidRequestException">Something is.</exception>
    public void ThrowIfAny()
    {
        if (errors.Count > 0)
            throw new InvalidRequestException(errors, more);
    }
}
