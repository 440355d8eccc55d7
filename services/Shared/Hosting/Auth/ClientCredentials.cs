namespace Microservices.Hosting.Auth;

/// <summary>A token, and how long it is valid from when it was asked for.</summary>
internal sealed record IssuedToken(string Token, TimeSpan Lifetime);

/// <summary>Gets tokens for the process itself (RFC 6749, 4.4). Thread-safe.</summary>
/// <param name="options">Where, and by which key.</param>
/// <param name="clientId">What the process is called: "orders".</param>
/// <param name="authority">Asks the authority.</param>
/// <param name="time">The clock.</param>
internal class ClientCredentials(AuthOptions options, string clientId, AuthorityClient authority, TimeProvider time)
{
    private readonly TokenRequests requests = new(options, clientId, authority, time);

    /// <summary>What the process is called.</summary>
    public string ClientId => requests.ClientId;

    /// <summary>What is asked, for logs.</summary>
    public string Source => requests.Source;

    /// <summary>Asks for a token.</summary>
    /// <exception cref="Exception">There is none: the authority is away or refuses, or the key's file is not what it should be.</exception>
    public virtual async Task<IssuedToken> RequestAsync(CancellationToken cancellationToken)
    {
        var answer = await requests.SendAsync([new("grant_type", "client_credentials")], caller: null, cancellationToken);
        if ((int)answer.Status >= 300)
            throw new HttpRequestException($"it answered {(int)answer.Status} {answer.Error}".TrimEnd());
        return answer.Token is { } token ? new(token, answer.Lifetime) : throw new HttpRequestException("its answer is no token");
    }
}
