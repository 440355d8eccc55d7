using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microservices.Local;

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
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(keys.CertificateKey));
        using var certificate = X509Certificate2.CreateFromPemFile(keys.Certificate, keys.CertificateKey);
        Assert.Equal(3_072, certificate.GetRSAPublicKey()!.KeySize);
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
