using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Web;
using Microservices.Local;
using Microservices.Tests.Support;
using Microservices.Tests.Support.Otlp;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace Microservices.Tests.EndToEnd;

/// <summary>Passwords, tokens, codes, cookies and keys are told by nothing that a process says, however much it logs.</summary>
public sealed partial class SecretsTests : IAsyncLifetime, IDisposable
{
    private const string Redirect = "http://127.0.0.1/demo";
    private readonly HttpClientHandler browser = new() { AllowAutoRedirect = false };
    private readonly Dictionary<string, string> secrets = [];
    private readonly List<(string Where, string Text)> told = [];
    private OtlpCollector collector = null!;
    private Suite suite = null!;
    private HttpClient http = null!;

    public async Task InitializeAsync()
    {
        collector = await OtlpCollector.StartAsync();
        suite = await Suite.StartAsync(environment: new Dictionary<string, string>(collector.Settings) { ["Logging__LogLevel__Default"] = "Debug", ["Logging__LogLevel__Microsoft.AspNetCore"] = "Information" });
        http = new HttpClient(browser) { BaseAddress = new Uri(Catalog.Origin) };
    }

    public async Task DisposeAsync()
    {
        await suite.DisposeAsync();
        await collector.DisposeAsync();
    }

    public void Dispose()
    {
        http.Dispose();
        browser.Dispose();
    }

    [Fact]
    public async Task No_secret_is_in_a_log_a_trace_a_metric_an_error_a_description_or_a_command_line()
    {
        KnowKeysAndPasswords();
        var token = await LogInAsync();
        await BeRefusedAsync(token);
        await HaveSessionAsync();
        foreach (var service in Catalog.Services)
            told.Add(($"metrics of {service.Name}", await http.GetStringAsync(new Uri($"http://127.0.0.1:{service.ManagementPort}/metrics"))));
        told.Add(("description", await http.GetStringAsync("/openapi/v1.json")));
        told.AddRange(suite.Running().Select(pid => ($"command line of {pid}", Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")))));
        // What was done last is told of last.
        await Eventually.UntilAsync(() => collector.Spans.Any(span => span.Service == "users" && span.ToString().Contains("CreateUser", StringComparison.Ordinal)), "the last trace is here");
        told.AddRange(collector.Spans.Select(span => ($"span {span.Name} of {span.Service}", $"{span.Resource} {span.Span}")));
        told.AddRange(collector.Logs.Select(line => ("line sent to the collector", $"{line.Resource} {line.Line}")));
        told.Add(("terminal", suite.Output));

        Assert.Contains(collector.Logs, line => line.Line.SeverityText == "Debug");
        Assert.Contains(collector.Spans, span => span.ToString().Contains("connect/token", StringComparison.Ordinal));
        Assert.True(secrets.Count > 15 && told.Count > 100, $"{secrets.Count} secrets, {told.Count} texts");
        Assert.Empty(from text in told from secret in secrets where text.Text.Contains(secret.Value, StringComparison.Ordinal) select $"{secret.Key} is told by: {text.Where}");
    }

    private void KnowKeysAndPasswords()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(suite.Data, "demo"), "*.password"))
            secrets[$"password of {Path.GetFileName(file)}"] = File.ReadAllText(file).Trim();
        foreach (var file in Directory.GetFiles(Path.Combine(suite.Data, "keys"), "*.key.json"))
            secrets[$"key {Path.GetFileName(file)}"] = (string)JsonNode.Parse(File.ReadAllText(file))!["d"]!;
        foreach (var file in Directory.GetFiles(Path.Combine(suite.Data, "keys"), "*-key.pem"))
            secrets[$"key {Path.GetFileName(file)}"] = File.ReadAllLines(file)[1];
    }

    /// <summary>As a browser: registers, fails to log in, gets a code, and a token for it.</summary>
    private async Task<string> LogInAsync()
    {
        var email = $"{Guid.NewGuid():N}@example.com";
        var (password, wrong, verifier, state) = (NewSecret("password"), NewSecret("wrong password"), NewSecret("verifier"), Guid.NewGuid().ToString("N"));
        var registered = await SubmitAsync("/account/register", ("displayName", "Ada"), ("email", email), ("password", password));
        Assert.Equal(HttpStatusCode.Found, registered.StatusCode);
        var failed = await SubmitAsync("/account/login", ("email", email), ("password", wrong));
        Assert.Equal(HttpStatusCode.Unauthorized, failed.StatusCode);
        foreach (Cookie cookie in browser.CookieContainer.GetAllCookies())
            secrets[$"cookie {cookie.Name}"] = cookie.Value;

        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var sentBack = await http.GetAsync(
            $"/connect/authorize?response_type=code&client_id=demo&redirect_uri={Uri.EscapeDataString(Redirect)}&scope=users.read%20users.write%20orders.read&state={state}&code_challenge={challenge}&code_challenge_method=S256");
        var code = HttpUtility.ParseQueryString(sentBack.Headers.Location!.Query)["code"]!;
        secrets["code"] = code;
        (string, string)[] grant = [("grant_type", "authorization_code"), ("client_id", "demo"), ("code", code), ("redirect_uri", Redirect)];
        var answer = await PostAsync("/connect/token", [.. grant, ("code_verifier", verifier)]);
        var token = (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["access_token"]!;
        secrets["token"] = token;
        secrets["signature"] = token.Split('.')[2];
        // What was used up is as secret as before.
        await AddErrorAsync(await PostAsync("/connect/token", [.. grant, ("code_verifier", verifier)]));
        await AddErrorAsync(await PostAsync("/connect/token", [.. grant[..^1], ("redirect_uri", "http://127.0.0.1/other"), ("code_verifier", NewSecret("other verifier"))]));
        return token;
    }

    /// <summary>By REST and gRPC, with tokens good and bad, in the header and where they do not belong.</summary>
    private async Task BeRefusedAsync(string token)
    {
        secrets["bad token"] = $"{token[..^8]}{NewSecret("bad signature")}";
        foreach (var bearer in (string[])[token, secrets["bad token"]])
        {
            foreach (var path in (string[])["/v1/users/somebody-else", "/v1/orders/none", "/v1/users?pageSize=x"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
                await AddErrorAsync(await http.SendAsync(request));
            }

            using var channel = Tokens.Channel(Suite.Users, bearer);
            var users = new Microservices.Users.V1.UsersService.UsersServiceClient(channel);
            told.Add(("error of gRPC", (await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => users.ListUsersAsync(new()).ResponseAsync)).ToString()));
            told.Add(("error of gRPC", (await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => users.CreateUserAsync(new() { UserId = "!" }).ResponseAsync)).ToString()));
        }
    }

    /// <summary>As the browser that has logged in: has a session at the gateway, is refused with its cookie and with one that is made up, and logs out.</summary>
    private async Task HaveSessionAsync()
    {
        // The session before has ended with the code that came twice.
        await SubmitAsync("/account/register", ("displayName", "Ada"), ("email", $"{Guid.NewGuid():N}@example.com"), ("password", NewSecret("second password")));
        var begun = await http.GetAsync("/bff/login?returnUrl=/docs");
        var agreed = await http.GetAsync(begun.Headers.Location);
        secrets["code of the session"] = HttpUtility.ParseQueryString(agreed.Headers.Location!.Query)["code"]!;
        var beginning = GivenBy(begun, "__Host-login-begun");
        // The cookies of .NET are sent with TLS only, where those of browsers are sent to this machine without.
        var back = await SendAsync(HttpMethod.Get, agreed.Headers.Location.PathAndQuery, $"__Host-login-begun={beginning}");
        Assert.Equal("/docs", back.Headers.Location!.OriginalString);
        var session = $"__Host-session={GivenBy(back, "__Host-session")}";
        await AddErrorAsync(await SendAsync(HttpMethod.Get, "/v1/users/somebody-else", session));
        await AddErrorAsync(await SendAsync(HttpMethod.Post, "/bff/logout", session));
        await AddErrorAsync(await SendAsync(HttpMethod.Get, "/bff/user", $"__Host-session={NewSecret("made-up cookie")}"));
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, "/bff/logout", session, ("X-CSRF", "1"))).StatusCode);
    }

    private string GivenBy(HttpResponseMessage answer, string cookie) => secrets[$"cookie {cookie}"] =
        answer.Headers.GetValues("Set-Cookie").Single(line => line.StartsWith($"{cookie}=", StringComparison.Ordinal)).Split('=', ';')[1];

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string cookie, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { { "Cookie", cookie } } };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await http.SendAsync(request);
    }

    private string NewSecret(string name) => secrets[name] = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    private async Task<HttpResponseMessage> SubmitAsync(string page, params (string Name, string Value)[] fields)
    {
        var form = HiddenField().Matches(await http.GetStringAsync(page)).Select(field => (field.Groups["name"].Value, WebUtility.HtmlDecode(field.Groups["value"].Value)));
        return await PostAsync(page, [.. form, .. fields]);
    }

    private Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields) =>
        http.PostAsync(path, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    private async Task AddErrorAsync(HttpResponseMessage refused)
    {
        Assert.True((int)refused.StatusCode >= 400, $"{refused.StatusCode}");
        told.Add(($"error {(int)refused.StatusCode} of {refused.RequestMessage!.RequestUri!.AbsolutePath}", $"{refused.Headers} {await refused.Content.ReadAsStringAsync()}"));
    }

    [GeneratedRegex("""<input[^>]* name="(?<name>[^"]*)"[^>]* value="(?<value>[^"]*)"[^>]*>""")]
    private static partial Regex HiddenField();
}
