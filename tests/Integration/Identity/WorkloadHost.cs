using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Identity, and Users that takes its tokens; each calls the other as the suite's services do, by keys of their own.</summary>
public class WorkloadHost : IdentityHost
{
    /// <summary>The services that have a key.</summary>
    public static readonly string[] Names = ["identity", "users", "orders", "notifications", "gateway"];

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [.. Authority, ("Auth:KeyFile", KeyFile("identity")), ("Identity:WorkloadKeys", Path.Combine(Files, "public"))];

    protected override IEnumerable<(string Key, string Value)> UsersSettings => Authority;

    /// <summary>Whose tokens a process takes.</summary>
    protected IEnumerable<(string Key, string Value)> Authority =>
        [("Auth:Authority", Issuer.AbsoluteUri), ("Auth:KeysAddress", new Uri(Issuer, "/.well-known/jwks").AbsoluteUri), ("Auth:KeptIn", Path.Combine(Files, "kept"))];

    /// <summary>A directory in which nothing is kept.</summary>
    public string Elsewhere => Path.Combine(Files, "elsewhere");

    /// <summary>The file with a service's private key.</summary>
    public string KeyFile(string name) => Path.Combine(Files, $"{name}.key.json");

    public override async Task InitializeAsync()
    {
        foreach (var name in Names)
            WriteKeys(name, KeyFile(name), Path.Combine(Files, "public", $"{name}.json"));
        await base.InitializeAsync();
        // It was there before Identity, whose keys it looks for once a second.
        var keys = Users.Services.GetRequiredService<KeySet>();
        await Eventually.UntilAsync(() => keys.AreKnownAsync(default).AsTask(), "Users knows Identity's keys");
    }

    /// <summary>Writes a new private key and its public half.</summary>
    public static void WriteKeys(string id, string privateFile, string publicFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = key.ExportParameters(includePrivateParameters: true);
        var jwk = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = id, ["x"] = Base64UrlEncoder.Encode(parameters.Q.X), ["y"] = Base64UrlEncoder.Encode(parameters.Q.Y) };
        Directory.CreateDirectory(Path.GetDirectoryName(publicFile)!);
        File.WriteAllText(publicFile, new JsonObject { ["keys"] = new JsonArray(jwk.DeepClone()) }.ToJsonString());
        jwk["d"] = Base64UrlEncoder.Encode(parameters.D);
        File.WriteAllText(privateFile, jwk.ToJsonString());
    }
}
