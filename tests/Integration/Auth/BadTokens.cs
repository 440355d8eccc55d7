using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microservices.Tests.Support;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Authorization headers that let nobody in.</summary>
internal static class BadTokens
{
    private static readonly TestAuthority Stranger = new();

    public static IEnumerable<(string Kind, string Header)> Headers()
    {
        var good = Tokens.Authority.Operator();
        yield return ("nothing", "");
        yield return ("no token", "Bearer");
        yield return ("another scheme", $"Basic {good}");
        yield return ("one bit flipped", $"Bearer {good[..^20]}{(good[^20] == 'A' ? 'B' : 'A')}{good[^19..]}");
        yield return ("16 KB", $"Bearer {new string('a', 16 * 1024)}");
        yield return ("a stranger's", $"Bearer {Stranger.Operator()}");
        yield return ("a stranger's with the authority's key id", $"Bearer {Stranger.Sign(Claims(), Tokens.Authority.Header())}");
        yield return ("expired", Signed(claims => claims["exp"] = Now() - 10));
        yield return ("not yet valid", Signed(claims => claims["nbf"] = Now() + 60));
        yield return ("another issuer", Signed(claims => claims["iss"] = "http://elsewhere.test"));
        yield return ("another audience", Signed(claims => claims["aud"] = "elsewhere"));
        yield return ("an id token", Signed(_ => { }, header => header["typ"] = "JWT"));
        yield return ("alg none", $"Bearer {TestAuthority.SigningInput(Header(header => header["alg"] = "none"), Claims())}.");
        var signed = TestAuthority.SigningInput(Header(header => header["alg"] = "HS256"), Claims());
        yield return ("HS256 with the public key", $"Bearer {signed}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Tokens.Authority.KeySet), Encoding.ASCII.GetBytes(signed)))}");
        yield return ("a key that it brings along", $"Bearer {Stranger.Sign(Claims(), Stranger.Header(jwk: true))}");
    }

    private static string Signed(Action<JsonObject> change, Action<JsonObject>? header = null)
    {
        var claims = Claims();
        change(claims);
        return $"Bearer {Tokens.Authority.Sign(claims, header is null ? null : Header(header))}";
    }

    private static JsonObject Claims() => Tokens.Authority.Claims("ada", "app", ["user", "operator"], TestAuthority.AllScopes);

    private static JsonObject Header(Action<JsonObject> change)
    {
        var header = Tokens.Authority.Header();
        change(header);
        return header;
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();
}
