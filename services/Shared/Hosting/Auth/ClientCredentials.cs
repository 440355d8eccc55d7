using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Hosting.Auth;

/// <summary>A token, and how long it is valid from when it was asked for.</summary>
internal sealed record IssuedToken(string Token, TimeSpan Lifetime);

/// <summary>Gets tokens for the process itself (RFC 6749, 4.4), which proves who it is by its private key (RFC 7523). Thread-safe.</summary>
/// <param name="options">Where, and by which key.</param>
/// <param name="clientId">What the process is called: "orders".</param>
/// <param name="time">The clock.</param>
internal class ClientCredentials(AuthOptions options, string clientId, TimeProvider time)
{
    private const int MaxErrorLength = 100;
    private static readonly TimeSpan AssertionLifetime = TimeSpan.FromMinutes(1);
    private readonly JsonWebTokenHandler assertions = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>What the process is called.</summary>
    public string ClientId => clientId;

    /// <summary>What is asked, for logs.</summary>
    public string Source => options.TokenUri.ToString();

    /// <summary>Asks for a token.</summary>
    /// <exception cref="Exception">There is none: the authority is away or refuses, or the key's file is not what it should be.</exception>
    public virtual async Task<IssuedToken> RequestAsync(CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "client_credentials"), new("client_id", clientId),
            new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), new("client_assertion", Assertion()),
        ]);
        using var response = await AuthorityClient.Http.PostAsync(options.TokenUri, form, cancellationToken);
        var answer = await ReadAsync(response.Content, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"it answered {(int)response.StatusCode} {Short(answer?.Error)}".TrimEnd());
        return answer is { Token.Length: > 0, ExpiresIn: > 0 } ? new(answer.Token, TimeSpan.FromSeconds(answer.ExpiresIn)) : throw new HttpRequestException("its answer is no token");
    }

    private string Assertion() => assertions.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = clientId,
        Audience = options.Authority,
        Claims = new Dictionary<string, object> { ["sub"] = clientId, ["jti"] = Guid.NewGuid().ToString() },
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

    private static string Short(string? error) => error is { Length: <= MaxErrorLength } ? error : "";

    private sealed record Answer(
        [property: JsonPropertyName("access_token")] string? Token, [property: JsonPropertyName("expires_in")] long ExpiresIn, [property: JsonPropertyName("error")] string? Error);
}
