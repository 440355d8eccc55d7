using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Hosting.Auth;

/// <summary>What the token endpoint has answered: a token and how long it is valid from when it was asked for; or an error of OAuth 2.0, where it names one.</summary>
public sealed record TokenAnswer(HttpStatusCode Status, string? Token, TimeSpan Lifetime, string? Error)
{
    /// <summary>Why there is no token, for logs.</summary>
    public string Problem => (int)Status < 300 ? "its answer is no token" : $"it answered {(int)Status} {Error}".TrimEnd();
}

/// <summary>Asks the authority's token endpoint as the client that the process is, which it proves by its private key (RFC 7523). Thread-safe.</summary>
public class TokenRequests
{
    private const int MaxErrorLength = 100;
    private static readonly TimeSpan AssertionLifetime = TimeSpan.FromMinutes(1);
    private readonly JsonWebTokenHandler assertions = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly AuthOptions options;
    private readonly AuthorityClient authority;
    private readonly TimeProvider time;

    internal TokenRequests(AuthOptions options, string clientId, AuthorityClient authority, TimeProvider time) =>
        (this.options, ClientId, this.authority, this.time) = (options, clientId, authority, time);

    /// <summary>What the process is called.</summary>
    public string ClientId { get; }

    /// <summary>What is asked, for logs.</summary>
    public string Source => options.TokenUri.ToString();

    /// <summary>Asks for a token.</summary>
    /// <param name="grant">The grant's parameters.</param>
    /// <param name="caller">Whose request it is for, where it is somebody's: the authority counts it as that address's.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="Exception">There is no answer: the authority is away, or the key's file is not what it should be.</exception>
    public async Task<TokenAnswer> SendAsync(IEnumerable<KeyValuePair<string, string>> grant, IPAddress? caller, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.TokenUri)
        {
            Content = new FormUrlEncodedContent(
            [
                .. grant, new("client_id", ClientId),
                new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), new("client_assertion", Assertion()),
            ]),
        };
        if (caller is not null)
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", caller.ToString());
        using var response = await authority.Http.SendAsync(request, cancellationToken);
        var answer = await ReadAsync(response.Content, cancellationToken);
        return new(
            response.StatusCode, response.IsSuccessStatusCode && answer is { Token.Length: > 0, ExpiresIn: > 0 } ? answer.Token : null, TimeSpan.FromSeconds(answer?.ExpiresIn ?? 0),
            answer?.Error is { Length: <= MaxErrorLength } error ? error : null);
    }

    /// <summary>Asks for a token of the process's own (RFC 6749, 4.4).</summary>
    /// <exception cref="Exception">There is no answer: the authority is away, or the key's file is not what it should be.</exception>
    internal virtual Task<TokenAnswer> SendOwnAsync(CancellationToken cancellationToken) => SendAsync([new("grant_type", "client_credentials")], caller: null, cancellationToken);

    private string Assertion() => assertions.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = ClientId,
        Audience = options.Authority,
        Claims = new Dictionary<string, object> { ["sub"] = ClientId, ["jti"] = Guid.NewGuid().ToString() },
        IssuedAt = time.GetUtcNow().UtcDateTime,
        Expires = (time.GetUtcNow() + AssertionLifetime).UtcDateTime,
        TokenType = "client-authentication+jwt",
        SigningCredentials = PrivateKey.Read(options.KeyFile!),
    });

    // A proxy in between answers in its own way.
    private static async Task<Answer?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadFromJsonAsync<Answer>(cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed record Answer(
        [property: JsonPropertyName("access_token")] string? Token, [property: JsonPropertyName("expires_in")] long ExpiresIn, [property: JsonPropertyName("error")] string? Error);
}
