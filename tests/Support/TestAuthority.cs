using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microservices.Auth.V1;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Support;

/// <summary>An authority of the tests: a key, the file with its public half that services read, and tokens. Thread-safe.</summary>
public sealed class TestAuthority : IDisposable
{
    /// <summary>Its issuer, which is no address of anything.</summary>
    public const string Issuer = "https://authority.test";

    /// <summary>Whom its tokens are for.</summary>
    public const string Audience = "microservices";

    /// <summary>All scopes that there are.</summary>
    public static string[] AllScopes { get; } = [.. ContractScopes.All];

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TimeProvider time;

    /// <summary>Makes a key, and the file with its public half.</summary>
    public TestAuthority(TimeProvider? time = null)
    {
        this.time = time ?? TimeProvider.System;
        KeysFile = Path.Combine(Path.GetTempPath(), $"keys-{Guid.NewGuid():N}.json");
        File.WriteAllText(KeysFile, KeySet);
    }

    /// <summary>The key's id.</summary>
    public string KeyId { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The file with the key set.</summary>
    public string KeysFile { get; }

    /// <summary>The key set: its public key.</summary>
    public string KeySet => new JsonObject { ["keys"] = new JsonArray(PublicKey) }.ToJsonString();

    /// <summary>Its public key, as a JSON Web Key.</summary>
    public JsonObject PublicKey
    {
        get
        {
            var point = key.ExportParameters(includePrivateParameters: false).Q;
            return new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["use"] = "sig",
                ["alg"] = "ES256",
                ["kid"] = KeyId,
                ["x"] = Base64UrlEncoder.Encode(point.X),
                ["y"] = Base64UrlEncoder.Encode(point.Y),
            };
        }
    }

    /// <summary>A person's token, for everything unless scopes are given, and for 5 minutes.</summary>
    public string Person(string userId, string[]? roles = null, string[]? scopes = null, TimeSpan? lifetime = null) =>
        Sign(Claims(userId, "app", roles ?? ["user"], scopes ?? AllScopes, lifetime));

    /// <summary>An operator's token, for 5 minutes.</summary>
    public string Operator(string userId = "operator", TimeSpan? lifetime = null) => Person(userId, ["user", "operator"], lifetime: lifetime);

    /// <summary>The token of a service in its own name, for 5 minutes.</summary>
    public string Workload(string name, TimeSpan? lifetime = null) => Sign(Claims(name, name, ["workload"], [], lifetime));

    /// <summary>The claims of a token that is valid from now on, for 5 minutes.</summary>
    public JsonObject Claims(string subject, string client, string[] roles, string[] scopes, TimeSpan? lifetime = null)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var expires = now + (long)(lifetime ?? Lifetime).TotalSeconds;
        return new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["sub"] = subject,
            ["client_id"] = client,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = expires,
            ["jti"] = Guid.NewGuid().ToString("N"),
            ["sid"] = "login-1",
            ["scope"] = string.Join(' ', scopes),
            ["roles"] = new JsonArray([.. roles.Select(role => (JsonNode)role)]),
        };
    }

    /// <summary>The header of its tokens; with the public key itself, which nobody must take.</summary>
    public JsonObject Header(bool jwk = false)
    {
        var header = new JsonObject { ["typ"] = "at+jwt", ["alg"] = "ES256", ["kid"] = KeyId };
        if (jwk)
            header["jwk"] = PublicKey;
        return header;
    }

    /// <summary>A token with these claims, and with this header where it is not <see cref="Header"/>.</summary>
    public string Sign(JsonObject claims, JsonObject? header = null)
    {
        var text = SigningInput(header ?? Header(), claims);
        return $"{text}.{Base64UrlEncoder.Encode(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    /// <summary>What a signature is made of.</summary>
    public static string SigningInput(JsonObject header, JsonObject claims) => $"{Encode(header)}.{Encode(claims)}";

    /// <inheritdoc/>
    public void Dispose()
    {
        key.Dispose();
        File.Delete(KeysFile);
    }

    private static string Encode(JsonObject part) => Base64UrlEncoder.Encode(part.ToJsonString());
}
