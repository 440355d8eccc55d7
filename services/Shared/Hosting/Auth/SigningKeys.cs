using System.Collections.Frozen;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Hosting.Auth;

/// <summary>Reads a JSON Web Key Set (RFC 7517): of its keys those that sign by ES256, each with an id.</summary>
internal static class SigningKeys
{
    private const int Bits = 256;

    /// <summary>The keys by their ids.</summary>
    /// <exception cref="InvalidDataException">It is no key set, has none of these keys, or has a private key, which does not belong there.</exception>
    public static FrozenDictionary<string, SecurityKey> Parse(string json)
    {
        IList<JsonWebKey> all;
        try
        {
            all = JsonWebKeySet.Create(json).Keys;
        }
        catch (Exception exception)
        {
            throw new InvalidDataException("it cannot be read as one", exception);
        }

        if (all.Any(key => key.HasPrivateKey))
            throw new InvalidDataException("it has a private key; hand out public ones only");
        var keys = all.Where(key => key.Kid is { Length: > 0 } && key.Use is null or "" or "sig")
            .Select(key => (key.Kid, Key: ToES256(key))).Where(key => key.Key is not null)
            .GroupBy(key => key.Kid, StringComparer.Ordinal).ToFrozenDictionary(same => same.Key, same => same.First().Key!, StringComparer.Ordinal);
        return keys.Count > 0 ? keys : throw new InvalidDataException("it has no key with kty EC, crv P-256 and a kid");
    }

    private static SecurityKey? ToES256(JsonWebKey key) =>
        JsonWebKeyConverter.TryConvertToSecurityKey(key, out var converted) && converted is ECDsaSecurityKey { KeySize: Bits } ? Named(converted, key.Kid) : null;

    private static SecurityKey Named(SecurityKey key, string id)
    {
        key.KeyId = id;
        return key;
    }
}
