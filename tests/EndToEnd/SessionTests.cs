using System.Net;
using System.Text.RegularExpressions;
using Microservices.Local;
using Microservices.Tests.Support;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>A session of a browser, with curl and its cookie jar as one.</summary>
[Collection(SharedSuiteTests.Name)]
public sealed partial class SessionTests(SharedSuite shared) : IDisposable
{
    private readonly string jar = Path.Combine(Path.GetTempPath(), $"cookies-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(jar);

    [Fact]
    public async Task A_demo_account_logs_in_by_its_password_calls_by_the_cookie_and_logs_out()
    {
        var password = await File.ReadAllTextAsync(Path.Combine(Plan.DemoOf(shared.Suite.Data), "grace.password"));
        Assert.Equal("401", await StatusAsync("/bff/user"));
        var form = await CurlAsync("-L /bff/login?returnUrl=/bff/user");
        var fields = HiddenField().Matches(form).Select(field => $"--data-urlencode '{field.Groups["name"].Value}={WebUtility.HtmlDecode(field.Groups["value"].Value)}'");

        var user = await CurlAsync($"-L /account/login --data-urlencode email=grace@example.com --data-urlencode 'password={password.Trim()}' {string.Join(' ', fields)}");

        Assert.Contains("\"userId\":\"grace\"", user, StringComparison.Ordinal);
        Assert.Contains("Grace Hopper", await CurlAsync("/v1/users/grace"), StringComparison.Ordinal);
        Assert.Contains("\"isCurrent\":true", await CurlAsync("/bff/sessions"), StringComparison.Ordinal);
        Assert.Equal("403", await StatusAsync("-X POST /bff/logout"));
        Assert.Equal("204", await StatusAsync("-X POST -H 'X-CSRF: 1' /bff/logout"));
        Assert.Equal("401", await StatusAsync("/v1/users/grace"));
    }

    private Task<string> StatusAsync(string arguments) => CurlAsync($"-o /dev/null -w '%{{http_code}}' {arguments}");

    // The path is that of the gateway.
    private async Task<string> CurlAsync(string arguments)
    {
        var (code, output, error) = await Shell.RunAsync($"curl -sS -b '{jar}' -c '{jar}' {PathOf().Replace(arguments, $" '{Catalog.Origin}$1'", 1)}");
        Assert.True(code == 0, error);
        return output;
    }

    [GeneratedRegex("(?:^| )(/(?:bff|account|v1)[^ ]*)")]
    private static partial Regex PathOf();

    [GeneratedRegex("""<input[^>]* name="(?<name>[^"]*)"[^>]* value="(?<value>[^"]*)"[^>]*>""")]
    private static partial Regex HiddenField();
}
