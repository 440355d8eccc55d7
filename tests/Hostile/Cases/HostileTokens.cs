using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microservices.Tests.Support;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>A header <c>authorization</c> that lets nobody in.</summary>
/// <param name="Kind">What kind of header: "alg none".</param>
/// <param name="Value">The header's value, a character a byte.</param>
/// <param name="IsHttp">Whether HTTP can carry it; what it cannot may be answered as HTTP answers that.</param>
internal sealed record HostileToken(string Kind, string Value, bool IsHttp = true);

/// <summary>
/// Makes authorization headers that let nobody in: of no kind that is known, forged as forgers do, huge, and some that the authority itself would have had to
/// sign; each another one than those before.
/// </summary>
internal static class HostileTokens
{
    private const int Huge = 64 << 10;
    private static readonly TestAuthority Stranger = new();
    private static readonly string[] NoTokens = ["Bearer", "Bearer ", "bearer\t", "Bearer  ", "Basic", "Negotiate "];
    private static readonly string[] OtherSchemes = ["Basic", "DPoP", "Token", "Bearer:", "BearerX"];
    private static readonly string[] OtherTypes = ["JWT", "", "at+jwt;x", "dpop+jwt", "client-authentication+jwt"];
    private static readonly string[] NoTimes = ["-1", "0", "1e400", "99999999999999999999999", "[]", "{}", "null", "true", "1.5e9"];
    private static readonly string[] OddNames = ["", "\0", "\u202e", "service:orders", "{}", "..", "'; --"];

    /// <summary>One of them.</summary>
    public static HostileToken Next(Random random) => random.Next(14) switch
    {
        0 => new("text", OneLine(Texts.Next(random))),
        1 => new("a scheme without a token", NoTokens[random.Next(NoTokens.Length)]),
        2 => new("another scheme", $"{OtherSchemes[random.Next(OtherSchemes.Length)]} {Good()}"),
        3 => Bearer("text as a token", OneLine(Texts.Next(random))),
        4 => Bearer("dots", new string('.', random.Next(1, 8_000))),
        5 => new("huge", $"Bearer {new string('a', random.Next(Huge / 2, Huge))}", IsHttp: false),
        6 => new("bytes", $"Bearer {new string([.. Enumerable.Range(0, random.Next(1, 200)).Select(_ => (char)random.Next(0x80, 0x100))])}", IsHttp: false),
        7 => Bearer("a good one, damaged", Damaged(Good(), random)),
        8 => Bearer("alg none", $"{Forged(random, "none")}."),
        9 => Bearer("HS256 with the public key", Hmac(Forged(random, "HS256"))),
        10 => Bearer("an unknown key", Stranger.Sign(Claims(random), With(Stranger.Header(), "kid", random.NextInt64().ToString(CultureInfo.InvariantCulture)))),
        11 => Bearer("another key under a known id", Stranger.Sign(Claims(random), Tokens.Authority.Header())),
        12 => Bearer("a key that it brings along", Stranger.Sign(Claims(random), Stranger.Header(jwk: true))),
        _ => Bearer("signed, and wrong", Wrong(random)),
    };

    /// <summary>
    /// A token as cheap to make as a stranger can have it, and as much work as it can be: well formed, in time, under the authority's own key id, so that only the
    /// signature, which is no two times the same, tells.
    /// </summary>
    public static string Costly(Random random)
    {
        var signature = new byte[64];
        random.NextBytes(signature);
        return $"{TestAuthority.SigningInput(Tokens.Authority.Header(), Claims(random))}.{Base64UrlEncoder.Encode(signature)}";
    }

    private static HostileToken Bearer(string kind, string token) => new(kind, $"Bearer {token}");

    private static string Good() => Tokens.Authority.Operator();

    private static string Damaged(string token, Random random)
    {
        // Not in the last character, whose lower bits say nothing.
        var at = random.Next(token.Length - 1);
        return random.Next(3) switch
        {
            0 => $"{token[..at]}{(token[at] == 'A' ? 'B' : 'A')}{token[(at + 1)..]}",
            1 => token[..at],
            _ => $"{token[..at]}{token[(at + 1)..]}",
        };
    }

    private static string Forged(Random random, string algorithm) => TestAuthority.SigningInput(With(Tokens.Authority.Header(), "alg", algorithm), Claims(random));

    private static string Hmac(string signed) =>
        $"{signed}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Tokens.Authority.KeySet), Encoding.ASCII.GetBytes(signed)))}";

    // By the authority's own key, as no authority would.
    private static string Wrong(Random random)
    {
        var (claims, header) = (Claims(random), Tokens.Authority.Header());
        switch (random.Next(6))
        {
            case 0:
                claims["exp"] = JsonNode.Parse(NoTimes[random.Next(NoTimes.Length)]);
                break;
            case 1:
                claims["nbf"] = JsonNode.Parse("4000000000");
                break;
            case 2:
                claims["iss"] = OddNames[random.Next(OddNames.Length)];
                break;
            case 3:
                claims["aud"] = random.Next(2) == 0 ? OddNames[random.Next(OddNames.Length)] : new JsonArray([.. Enumerable.Range(0, 300).Select(i => (JsonNode)i)]);
                break;
            case 4:
                header["typ"] = OtherTypes[random.Next(OtherTypes.Length)];
                break;
            default:
                header["crit"] = new JsonArray("x");
                break;
        }

        return Tokens.Authority.Sign(claims, header);
    }

    private static JsonObject Claims(Random random) => Tokens.Authority.Claims($"ada-{random.Next()}", "app", ["user", "operator"], TestAuthority.AllScopes);

    private static JsonObject With(JsonObject header, string name, string value)
    {
        header[name] = value;
        return header;
    }

    private static string OneLine(string text) => new([.. text.Select(c => c is >= ' ' and < '\u007f' ? c : '?').Take(4_000)]);
}
