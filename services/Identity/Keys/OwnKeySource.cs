using System.Text.Json.Nodes;
using Microservices.Hosting.Auth;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Identity;

/// <summary>The key set by which Identity checks the tokens of its own callers: what it publishes itself, so that it misses no rotation. Thread-safe.</summary>
internal sealed class OwnKeySource(SigningKeys keys) : KeySource
{
    public override bool IsLocal => false;

    public override TimeSpan Period { get; } = TimeSpan.FromSeconds(1);

    public override TimeSpan MinPeriod => TimeSpan.Zero;

    public override string Name => "the database";

    public override async Task<string> ReadAsync()
    {
        // Whoever comes first when the process starts.
        if (keys.Current.Count == 0)
            await keys.RefreshAsync(CancellationToken.None);
        return new JsonObject { ["keys"] = new JsonArray([.. keys.Current.Select(PublicKey)]) }.ToJsonString();
    }

    private static JsonObject PublicKey(PublishedKey key)
    {
        var signs = (ECDsaSecurityKey)key.Credentials.Key;
        var point = signs.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["use"] = "sig", ["kid"] = signs.KeyId, ["x"] = Base64UrlEncoder.Encode(point.X), ["y"] = Base64UrlEncoder.Encode(point.Y) };
    }
}
