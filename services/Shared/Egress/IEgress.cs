namespace Microservices.Egress;

/// <summary>
/// HTTP to addresses that strangers give: https, to public addresses only, whatever their names lead to, and bounded in time, size and number
/// (<see cref="EgressOptions"/>). There are no cookies, no proxy and no credentials but those in a request's own headers. Thread-safe.
/// </summary>
public interface IEgress
{
    /// <summary>
    /// Why an address would be refused; null when it would not be. This is for the moment when somebody registers it: names are not looked up, since
    /// what they lead to is checked at each connection.
    /// </summary>
    AddressRefusal? CheckAddress(Uri address);

    /// <summary>
    /// Sends a request when its turn comes. Whatever goes wrong with the other side is an outcome, not an exception. It may have got the request twice
    /// when it closed a connection at that moment, and more than once for all that it says when the outcome is not <see cref="EgressOutcome.Answered"/>.
    /// </summary>
    /// <exception cref="ArgumentException">A header is one that HTTP itself sets, such as Host.</exception>
    /// <exception cref="FormatException">A header has a name or a value that HTTP does not allow.</exception>
    Task<EgressAnswer> SendAsync(EgressRequest request, CancellationToken cancellationToken);
}

/// <summary>A request to an address that a stranger gave.</summary>
/// <param name="Method">The method.</param>
/// <param name="Address">The address; checked before it is used.</param>
public sealed record EgressRequest(HttpMethod Method, Uri Address)
{
    /// <summary>The headers, <c>Content-Type</c> among them. None by default.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body; none by default.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Whether a body above the bound makes the answer <see cref="EgressOutcome.TooLarge"/>. By default it is cut, and the rest is not read.</summary>
    public bool NeedsWholeBody { get; init; }

    /// <summary>
    /// How many redirects of a GET or HEAD are followed; by default none, and a redirect is the answer, as is the one after the last. Each is checked as
    /// the first address was. To another origin none of the headers are sent.
    /// </summary>
    public int MaxRedirects { get; init; }

    /// <summary>The message of this request.</summary>
    internal HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(Method, Address) { Version = System.Net.HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        if (Body is { } body)
            message.Content = new ReadOnlyMemoryContent(body);
        foreach (var (name, value) in Headers)
        {
            if (name.ToUpperInvariant() is "HOST" or "CONNECTION" or "CONTENT-LENGTH" or "TRANSFER-ENCODING" or "UPGRADE" or "EXPECT" or "TE" or "TRAILER" or "KEEP-ALIVE" or "PROXY-AUTHORIZATION")
                throw new ArgumentException($"{name} is set by HTTP itself.");
            if (!name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
                message.Headers.Add(name, value);
            else
                message.Content?.Headers.Add(name, value);
        }

        return message;
    }
}
