using System.Data.Common;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microservices.Hosting;
using Microservices.Primitives;
using Microsoft.AspNetCore.DataProtection;

namespace Microservices.Identity;

/// <summary>
/// How what the database keeps is sealed: by Data Protection, whose own keys are in the database, encrypted by a certificate that is not. A copy of the database is of no use
/// without its private key. In Development the certificate is made where it is missing; elsewhere it must be given, the same to every replica.
/// </summary>
internal static class Sealing
{
    private const string CertificateKey = "Identity:CertificateFile";
    private const string PrivateKeyKey = "Identity:PrivateKeyFile";
    private const string DevelopmentFile = "identity-sealing.pem";
    private const int DevelopmentBits = 2_048;

    /// <summary>Registers Data Protection.</summary>
    /// <exception cref="InvalidSettingException">The certificate cannot be used.</exception>
    public static void AddSealing(this WebApplicationBuilder builder)
    {
        var protection = builder.Services.AddDataProtection().SetApplicationName("identity").PersistKeysToDbContext<IdentityDbContext>();
        builder.RefuseOutsideDevelopment(CertificateKey, _ =>
            string.IsNullOrEmpty(builder.Configuration[CertificateKey]) ? "must be a certificate (PEM, RSA) outside Development, the same to every replica, but is missing" : null);
        if (FileOf(builder) is { } file)
            protection.ProtectKeysWithCertificate(Read(file, builder.Configuration[PrivateKeyKey]));
        else
            // What serves nothing, such as a migration, needs no keys, and must not make any that are not sealed.
            protection.DisableAutomaticKeyGeneration();
    }

    private static string? FileOf(WebApplicationBuilder builder)
    {
        if (builder.Configuration[CertificateKey] is { Length: > 0 } configured)
            return configured;
        if (!builder.Environment.IsDevelopment())
            return null;
        // With PostgreSQL there is no directory of the database.
        var database = new DbConnectionStringBuilder { ConnectionString = builder.Configuration.GetConnectionString("Database") };
        var directory = database.TryGetValue("Data Source", out var source) ? Path.GetDirectoryName(Path.GetFullPath((string)source))! : Path.GetFullPath(".data");
        var file = Path.Combine(directory, DevelopmentFile);
        if (!File.Exists(file))
            Create(file);
        return file;
    }

    private static X509Certificate2 Read(string file, string? privateKey)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(file, privateKey);
            return certificate.GetRSAPublicKey() is not null ? certificate : throw new CryptographicException("Its key is not RSA.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidSettingException(CertificateKey, $"must be a certificate (PEM, RSA) with its private key there or in {PrivateKeyKey}, but '{file}' cannot be used: {exception.Message}", exception);
        }
    }

    private static void Create(string file)
    {
        using var key = RSA.Create(DevelopmentBits);
        using var certificate = new CertificateRequest("CN=identity", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(10));
        SecretFile.WriteNew(file, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }
}
