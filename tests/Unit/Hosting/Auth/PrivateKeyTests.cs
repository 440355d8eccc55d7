using Microservices.Hosting.Auth;
using Microservices.Primitives;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>The file with a process's private key, which is right or stops it.</summary>
public sealed class PrivateKeyTests : IDisposable
{
    private const string Good = """{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}""";
    private readonly string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.key.json");

    [Fact]
    public void A_key_is_read()
    {
        File.WriteAllText(file, Good);
        Assert.Equal(("1", "ES256"), (PrivateKey.Read(file).Kid, PrivateKey.Read(file).Algorithm));
    }

    [Theory]
    [InlineData("")]
    [InlineData("jpsQnnGQ")]
    [InlineData("""{"jpsQnnGQ":""")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"kty":"oct","kid":"1","k":"jpsQnnGQ"}""")]
    public void What_is_no_key_stops_the_process_and_nothing_of_it_is_told(string json)
    {
        File.WriteAllText(file, json);
        var refused = Assert.Throws<InvalidSettingException>(() => PrivateKey.Read(file));
        Assert.Equal($"Auth:KeyFile must be a file with the process's private key, a JSON Web Key with kty EC, crv P-256, d and kid, but '{file}' has none", refused.Message);
        Assert.DoesNotContain("jpsQnnGQ", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d")]
    [InlineData("kid")]
    [InlineData("x")]
    public void A_key_without_a_part_that_it_needs_stops_the_process(string part)
    {
        var key = System.Text.Json.Nodes.JsonNode.Parse(Good)!.AsObject();
        key.Remove(part);
        File.WriteAllText(file, key.ToJsonString());
        Assert.Throws<InvalidSettingException>(() => PrivateKey.Read(file));
    }

    [Fact]
    public void A_file_that_is_missing_stops_the_process()
    {
        var refused = Assert.Throws<InvalidSettingException>(() => PrivateKey.Read("/nowhere/orders.key.json"));
        Assert.StartsWith("Auth:KeyFile must be a file with the process's private key, a JSON Web Key with kty EC, crv P-256, d and kid, but '/nowhere/orders.key.json' cannot be read: ", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(file);
}
