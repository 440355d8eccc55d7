using Microservices.Tests.Support;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>A client that knows nothing of the suite (oauth4webapi), by the discovery document alone; it checks what it gets by itself.</summary>
public sealed class ForeignClientTests(IdentityHost host) : IClassFixture<IdentityHost>
{
    [FactNeeding(Need.OAuthClient)]
    public Task It_logs_in_with_a_code_and_PKCE_and_refreshes() => RunAsync("code");

    [FactNeeding(Need.OAuthClient)]
    public Task It_lets_a_command_line_in_by_a_device_code() => RunAsync("device");

    [FactNeeding(Need.OAuthClient)]
    public Task It_gets_a_token_for_itself_by_its_key() => RunAsync("credentials");

    private async Task RunAsync(string flow)
    {
        var (_, email) = await host.NewAccountAsync();
        var key = Base64UrlEncoder.Encode(host.WorkerKey.ExportPkcs8PrivateKey());
        var script = Path.Combine(Needs.Root, "tests", "Integration", "Identity", "foreign-client.mjs");
        var (exitCode, output, error) = await Shell.RunAsync(
            $"OAUTH='{Needs.NpmModule("oauth4webapi/build/index.js")}' node '{script}' {flow} '{host.Issuer}' '{email}' '{IdentityHost.Password}' '{key}' '{IdentityHost.Redirect}'");

        Assert.True(exitCode == 0, $"{output}{error}");
        Assert.EndsWith("passed\n", output, StringComparison.Ordinal);
    }
}
