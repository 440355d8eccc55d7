namespace Microservices.Gateway.Rest;

/// <summary>What HTTP or JSON has wrong with a request, by the name of the field, parameter or header; "$" is the body as a whole.</summary>
internal sealed class InvalidRequestException(IReadOnlyDictionary<string, string[]> errors) : Exception("The request is not valid.")
{
    /// <summary>For one thing that is wrong.</summary>
    public InvalidRequestException(string name, string description) : this(new Dictionary<string, string[]> { [name] = [description] })
    {
    }

    /// <summary>The descriptions by name.</summary>
    public IReadOnlyDictionary<string, string[]> Errors => errors;
}

/// <summary>Collects what is wrong, so that the caller hears of everything at once.</summary>
internal sealed class RequestErrors
{
    private readonly Dictionary<string, string[]> errors = [];

    /// <summary>Adds one; the first about a name stays.</summary>
    public void Add(string name, string description) => errors.TryAdd(name, [description]);

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

    /// <summary>Ends the request if anything is wrong.</summary>
    /// <exception cref="InvalidRequestException">Something is.</exception>
    public void ThrowIfAny()
    {
        if (errors.Count > 0)
            throw new InvalidRequestException(errors);
    }
}
