using System.Data.Common;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microservices.Hosting;
using Microservices.Persistence;
using Microservices.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microservices.Sealing;

/// <summary>
/// How what the database keeps is sealed: by Data Protection, whose own keys are in the database, encrypted by a certificate that is not. A copy of the database is of no use
/// without its private key. In Development the certificate is made where it is missing; elsewhere it must be given, the same to every replica.
/// </summary>
public static class SealingRegistration
{
    private const int DevelopmentBits = 2_048;

    /// <summary>Registers Data Protection, whose keys are in the service's database.</summary>
    /// <param name="builder">The process.</param>
    /// <param name="section">The service's section, which has the keys <c>CertificateFile</c> and <c>PrivateKeyFile</c>; what is sealed can be read by the service of that name only.</param>
    /// <exception cref="InvalidSettingException">The certificate cannot be used.</exception>
    public static void AddSealing<TContext>(this WebApplicationBuilder builder, string section)
        where TContext : ServiceDbContext, IDataProtectionKeyContext
    {
        var certificateKey = $"{section}:CertificateFile";
        // Data Protection asks for the context itself.
        builder.Services.TryAddScoped(services => services.GetRequiredService<IDbContextFactory<TContext>>().CreateDbContext());
        var protection = builder.Services.AddDataProtection().SetApplicationName(section.ToLowerInvariant()).PersistKeysToDbContext<TContext>();
        builder.RefuseOutsideDevelopment(certificateKey, _ =>
            string.IsNullOrEmpty(builder.Configuration[certificateKey]) ? "must be a certificate (PEM, RSA) outside Development, the same to every replica, but is missing" : null);
        if (FileOf(builder, section, certificateKey) is { } file)
            protection.ProtectKeysWithCertificate(Read(file, certificateKey, $"{section}:PrivateKeyFile", builder.Configuration));
        else
            // What serves nothing, such as a migration, needs no keys, and must not make any that are not sealed.
            protection.DisableAutomaticKeyGeneration();
    }

    private static string? FileOf(WebApplicationBuilder builder, string section, string certificateKey)
    {
        if (builder.Configuration[certificateKey] is { Length: > 0 } configured)
            return configured;
        if (!builder.Environment.IsDevelopment())
            return null;
        // With PostgreSQL there is no directory of the database.
        var database = new DbConnectionStringBuilder { ConnectionString = builder.Configuration.GetConnectionString("Database") };
        var directory = database.TryGetValue("Data Source", out var source) ? Path.GetDirectoryName(Path.GetFullPath((string)source))! : Path.GetFullPath(".data");
        var name = section.ToLowerInvariant();
        var file = Path.Combine(directory, $"{name}-sealing.pem");
        if (!File.Exists(file))
            Create(name, file);
        return file;
    }

    private static X509Certificate2 Read(string file, string certificateKey, string privateKeyKey, ConfigurationManager configuration)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(file, configuration[privateKeyKey]);
            return certificate.GetRSAPublicKey() is not null ? certificate : throw new CryptographicException("Its key is not RSA.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidSettingException(certificateKey, $"must be a certificate (PEM, RSA) with its private key there or in {privateKeyKey}, but '{file}' cannot be used: {exception.Message}", exception);
        }
    }

    private static void Create(string name, string file)
    {
        using var key = RSA.Create(DevelopmentBits);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(10));
        SecretFile.WriteOnce(file, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }
}
