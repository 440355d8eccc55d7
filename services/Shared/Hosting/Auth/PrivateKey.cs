using System.Security.Cryptography;
using System.Text;
using Microservices.Primitives;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Hosting.Auth;

/// <summary>The process's private key, by which it proves to the authority who it is.</summary>
public static class PrivateKey
{
    private const int Bits = 256;

    /// <summary>A secret of 32 bytes that follows from the key (HKDF, RFC 5869): the same at each replica, and another one for each purpose.</summary>
    /// <exception cref="InvalidSettingException">The key cannot be read.</exception>
    public static byte[] Derive(string file, string purpose)
    {
        var key = ((ECDsaSecurityKey)Read(file).Key).ECDsa.ExportParameters(includePrivateParameters: true).D!;
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, key, SHA256.HashSizeInBytes, info: Encoding.ASCII.GetBytes(purpose));
    }

    /// <summary>Reads it from its file.</summary>
    /// <exception cref="InvalidSettingException">It cannot be read, or is no such key. Nothing of what is in the file is told.</exception>
    internal static SigningCredentials Read(string file)
    {
        try
        {
            var key = JsonWebKey.Create(File.ReadAllText(file));
            // Each key is used once in a few minutes, and may be replaced: nothing is kept for it.
            if (key is { HasPrivateKey: true, Kid: { Length: > 0 } id } && JsonWebKeyConverter.TryConvertToSecurityKey(key, out var converted) && converted is ECDsaSecurityKey { KeySize: Bits } signs)
                return new(new ECDsaSecurityKey(signs.ECDsa) { KeyId = id }, SecurityAlgorithms.EcdsaSha256) { CryptoProviderFactory = new() { CacheSignatureProviders = false } };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Invalid($"'{file}' cannot be read: {exception.Message}");
        }
        catch (Exception)
        {
            // What the library says of it quotes the file.
        }

        throw Invalid($"'{file}' has none");
    }

    private static InvalidSettingException Invalid(string problem) =>
        new("Auth:KeyFile", $"must be a file with the process's private key, a JSON Web Key with kty EC, crv P-256, d and kid, but {problem}");
}
