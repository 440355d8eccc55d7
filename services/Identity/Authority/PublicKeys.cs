using Microservices.Primitives;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Identity;

/// <summary>The public keys by which clients prove who they are.</summary>
internal static class PublicKeys
{
    /// <summary>Reads them from a file.</summary>
    /// <param name="setting">The setting that names the file.</param>
    /// <param name="what">What that must have there, as it goes on.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidSettingException">It is no JSON Web Key Set, has no key, or has private ones. Nothing of what is in the file is told.</exception>
    public static JsonWebKeySet Read(string setting, string what, string file)
    {
        try
        {
            var keys = JsonWebKeySet.Create(File.ReadAllText(file));
            if (keys.Keys.Count > 0 && keys.Keys.All(key => !key.HasPrivateKey && key.Kty != JsonWebAlgorithmsKeyTypes.Octet))
                return keys;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException(setting, $"must have {what} with a JSON Web Key Set, but '{file}' cannot be read: {exception.Message}", exception);
        }
        catch (ArgumentException)
        {
            throw new InvalidSettingException(setting, $"must have {what} with a JSON Web Key Set, but '{file}' is none");
        }

        throw new InvalidSettingException(setting, $"must have {what} with public keys only, but '{file}' has none, or private ones");
    }
}
