using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Local;

/// <summary>
/// A directory with the keys of a deployment: of every service the private key (a JSON Web Key) by which it gets tokens of its own, their public
/// halves, which Identity knows them by, and of those that seal what their databases keep the certificate for that. Only their owner reads what is private.
/// </summary>
internal sealed class Keys(string directory)
{
    private const int CertificateBits = 3_072;
    private const int CertificateYears = 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    /// <summary>The directory with the public keys: of each service a JSON Web Key Set, NAME.json.</summary>
    public string Public { get; } = Path.Combine(directory, "public");

    /// <summary>The private key of a service.</summary>
    public string Of(ServiceDefinition service) => Path.Combine(directory, $"{service.Name}.key.json");

    /// <summary>The certificate of a service that seals (PEM).</summary>
    public string CertificateOf(ServiceDefinition service) => Path.Combine(directory, $"{service.Name}.pem");

    /// <summary>The certificate's private key (PEM).</summary>
    public string CertificateKeyOf(ServiceDefinition service) => Path.Combine(directory, $"{service.Name}-key.pem");

    /// <summary>Makes what is not there yet. A key that was deleted is replaced: its successor joins it in the public set, until somebody takes it out.</summary>
    /// <exception cref="LaunchException">A file cannot be read or written.</exception>
    public void MakeMissing(IEnumerable<ServiceDefinition> services)
    {
        var file = directory;
        try
        {
            Directory.CreateDirectory(Public);
            foreach (var service in services)
            {
                file = Of(service);
                if (!File.Exists(file))
                    Write(file, NewKey().ToJsonString(Readable), isPrivate: true);
                var key = Read(file);
                file = Path.Combine(Public, $"{service.Name}.json");
                Publish(file, key);
                file = CertificateOf(service);
                if (service.Seals && !(File.Exists(file) && File.Exists(CertificateKeyOf(service))))
                    MakeCertificate(service);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // What the library says of it quotes the file.
            throw LaunchException.Refused($"{file} has no JSON Web Key. Mend the file, or delete it and a new one is made");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LaunchException.Refused($"The keys cannot be read or written: {file}: {e.Message}");
        }
    }

    private static JsonObject NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = key.ExportParameters(includePrivateParameters: true);
        var jwk = new JsonWebKey { Kty = "EC", Crv = "P-256", X = Base64UrlEncoder.Encode(parameters.Q.X), Y = Base64UrlEncoder.Encode(parameters.Q.Y) };
        return new JsonObject
        {
            ["kty"] = jwk.Kty,
            ["crv"] = jwk.Crv,
            ["use"] = "sig",
            ["alg"] = "ES256",
            // Its thumbprint (RFC 7638).
            ["kid"] = Base64UrlEncoder.Encode(jwk.ComputeJwkThumbprint()),
            ["x"] = jwk.X,
            ["y"] = jwk.Y,
            ["d"] = Base64UrlEncoder.Encode(parameters.D),
        };
    }

    private static void Publish(string file, JsonObject key)
    {
        key.Remove("d");
        var set = File.Exists(file) ? Read(file) : new JsonObject { ["keys"] = new JsonArray() };
        var published = set["keys"]?.AsArray() ?? throw new JsonException("It is no JSON Web Key Set.");
        if (published.Any(other => JsonNode.DeepEquals(other?["kid"], key["kid"])))
            return;
        published.Add(key);
        Write(file, set.ToJsonString(Readable), isPrivate: false);
    }

    private void MakeCertificate(ServiceDefinition service)
    {
        using var key = RSA.Create(CertificateBits);
        using var certificate = new CertificateRequest($"CN={service.Name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(CertificateYears));
        Write(CertificateKeyOf(service), key.ExportPkcs8PrivateKeyPem(), isPrivate: true);
        Write(CertificateOf(service), certificate.ExportCertificatePem(), isPrivate: false);
    }

    private static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(file))?.AsObject() ?? throw new JsonException("It is empty.");

    // Whole or not at all, and never there with other rights.
    internal static void Write(string file, string text, bool isPrivate)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (isPrivate && !OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        var begun = $"{file}.{Environment.ProcessId}";
        using (var writer = new StreamWriter(begun, options))
            writer.WriteLine(text);
        File.Move(begun, file, overwrite: true);
    }
}
