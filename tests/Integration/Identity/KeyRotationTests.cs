using System.Text.Json.Nodes;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Keys that change every twelve seconds, with two replicas.</summary>
public sealed class KeyRotationTests(KeyRotationTests.QuickHost host) : IClassFixture<KeyRotationTests.QuickHost>
{
    [Fact]
    public async Task Every_key_is_published_before_it_signs_at_each_replica_and_for_as_long_as_its_tokens_live()
    {
        var port = Eventually.FreePort();
        await using var second = await host.StartAsync(port);
        var (first, replica) = (host.NewBrowser(), new Browser(new Uri($"http://127.0.0.1:{port}"), null));
        var (published, signed) = (new HashSet<string>(), new List<string>());

        await Eventually.UntilAsync(async () =>
        {
            // Identity answers fifty requests a second of one address, and no more.
            await Task.Delay(TimeSpan.FromMilliseconds(100));
            // As whoever checks tokens keeps a key set: what was published a while ago is what it has.
            var known = published.ToHashSet();
            foreach (var browser in (Browser[])[first, replica])
                published.UnionWith(await KeysAsync(browser));
            foreach (var issuer in (Browser[])[first, replica])
            {
                var answer = await issuer.PostAsync("/connect/token", ("grant_type", "client_credentials"), ("scope", "orders.read"), ("client_id", "worker"),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", host.Assertion()));
                Assert.True(answer.Status == System.Net.HttpStatusCode.OK, $"{answer.Status}: {answer.Page}");
                var kid = Tokens.Header(JsonNode.Parse(answer.Page)!.AsObject().Text("access_token")).Text("kid");
                Assert.True(signed.Count < 4 || known.Contains(kid), $"{kid} signs, and was not published before");
                signed.Add(kid);
            }

            return signed.Distinct().Count() >= 3;
        }, "three keys have signed");

        Assert.Subset((await KeysAsync(first)).ToHashSet(), signed.ToHashSet());
        Assert.True((await KeysAsync(first)).ToHashSet().SetEquals(await KeysAsync(replica)) || published.Count > 3);
        // Nobody reads them in the database.
        var rows = await host.Database.ReadAsync(context => Task.FromResult(context.SigningKeys.Select(key => key.Sealed).ToList()), default);
        Assert.All(rows, row => Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => System.Security.Cryptography.ECDsa.Create().ImportPkcs8PrivateKey(row, out _)));
    }

    private static async Task<string[]> KeysAsync(Browser browser)
    {
        var keys = JsonNode.Parse((await browser.GetAsync("/.well-known/jwks")).Page)!["keys"]!.AsArray();
        Assert.All(keys, key => Assert.False(key!.AsObject().ContainsKey("d"), "a private key is published"));
        return [.. keys.Select(key => key!["kid"]!.GetValue<string>())];
    }

    public sealed class QuickHost : IdentityHost
    {
        protected override IEnumerable<(string Key, string Value)> Settings => [("Identity:KeyLifetime", "00:00:12"), ("Identity:KeyAnnouncement", "00:00:10")];
    }
}
