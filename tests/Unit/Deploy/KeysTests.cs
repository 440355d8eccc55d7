using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microservices.Local;
using SpiffeId = Microservices.Hosting.Tls.SpiffeId;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>The keys of a deployment, as deploy/local makes them.</summary>
[SupportedOSPlatform("linux")]
public sealed class KeysTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly ServiceDefinition Orders = Catalog.Services.Single(s => s.Name == "orders");

    private readonly string directory = Directory.CreateTempSubdirectory("keys-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void Every_service_has_a_key_that_its_owner_reads_and_a_public_half_without_it()
    {
        var keys = Make();

        foreach (var service in Catalog.Services)
        {
            Assert.True(File.Exists(keys.Of(service)), service.Name);
            Assert.True(File.Exists(PublicOf(keys, service)), service.Name);
        }

        var (privateKey, publicKey) = (Read(keys.Of(Orders)), Assert.Single(Read(PublicOf(keys, Orders))["keys"]!.AsArray())!.AsObject());
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(keys.Of(Orders)));
        Assert.NotNull(privateKey["d"]);
        Assert.False(publicKey.ContainsKey("d"));
        Assert.Equal((string?)privateKey["kid"], (string?)publicKey["kid"]);
    }

    [Fact]
    public void Each_service_that_seals_has_a_certificate_of_its_own_whose_key_its_owner_reads_and_no_other_has_one()
    {
        var keys = Make();
        ServiceDefinition[] sealing = [.. Catalog.Services.Where(s => s.Seals)];
        var serials = new HashSet<string>();

        foreach (var service in sealing)
        {
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(keys.CertificateKeyOf(service)));
            using var certificate = X509Certificate2.CreateFromPemFile(keys.CertificateOf(service), keys.CertificateKeyOf(service));
            Assert.Equal(3_072, certificate.GetRSAPublicKey()!.KeySize);
            Assert.Equal($"CN={service.Name}", certificate.Subject);
            Assert.True(serials.Add(certificate.SerialNumber));
        }

        Assert.NotEmpty(sealing);
        Assert.Equal(sealing.Select(keys.CertificateKeyOf).Order(), Directory.GetFiles(directory, "*-key.pem").Order());
    }

    [Fact]
    public void What_is_there_stays_and_a_key_that_was_deleted_is_replaced_beside_the_old_public_one()
    {
        var keys = Make();
        var before = Contents();

        Make();
        Assert.Equal(before, Contents());

        File.Delete(keys.Of(Orders));
        Make();
        var published = Read(PublicOf(keys, Orders))["keys"]!.AsArray().Select(key => (string)key!["kid"]!).ToArray();
        Assert.Equal(2, published.Distinct().Count());
        Assert.Equal((string?)Read(keys.Of(Orders))["kid"], published[1]);
    }

    [Fact]
    public void A_file_that_is_broken_is_named_and_its_content_is_not()
    {
        var keys = Make();
        File.WriteAllText(keys.Of(Orders), "secret");

        var refused = Assert.Throws<LaunchException>(Make);

        Assert.Contains(keys.Of(Orders), refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_service_has_a_certificate_of_the_authority_with_its_name_whose_key_its_owner_reads()
    {
        var certificates = MakeCertificates();

        foreach (var service in Catalog.Services)
        {
            using var certificate = X509Certificate2.CreateFromPemFile(certificates.Of(service), certificates.KeyOf(service));
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(certificates.Authority);
            Assert.True(chain.Build(certificate), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
            Assert.Equal(service.Name, SpiffeId.NameOf(certificate, "suite"));
            Assert.All((string[])["localhost", "127.0.0.1", service.Name], name => Assert.True(certificate.MatchesHostname(name)));
        }

        Assert.All(Directory.GetFiles(Path.Combine(directory, "tls"), "*-key.pem"), file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
        Assert.Equal(Catalog.Services.Count + 1, Directory.GetFiles(Path.Combine(directory, "tls"), "*-key.pem").Length);
    }

    [Fact]
    public void Certificates_that_are_there_stay_and_those_of_another_authority_are_replaced()
    {
        var certificates = MakeCertificates();
        var before = Contents();

        MakeCertificates();
        Assert.Equal(before, Contents());

        File.Delete(certificates.Authority);
        MakeCertificates();
        Assert.All(Directory.GetFiles(Path.Combine(directory, "tls")), file => Assert.NotEqual(before[file], File.ReadAllText(file)));
    }

    private Certificates MakeCertificates()
    {
        var certificates = Plan.CertificatesOf(directory);
        certificates.MakeMissing(Catalog.Services);
        return certificates;
    }

    private Keys Make()
    {
        var keys = new Keys(directory);
        keys.MakeMissing(Catalog.Services);
        return keys;
    }

    private Dictionary<string, string> Contents() => Directory.GetFiles(directory, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);

    private static string PublicOf(Keys keys, ServiceDefinition service) => Path.Combine(keys.Public, $"{service.Name}.json");

    private static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(file))!.AsObject();
}
