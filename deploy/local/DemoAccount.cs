using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Web;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Local;

/// <summary>
/// An account that Identity makes in Development, whose password is in a file. It logs in as a browser would, through the gateway of a suite that runs, and gets its
/// access token by authorization code and PKCE.
/// </summary>
internal static partial class DemoAccount
{
    // As Identity knows it: see DemoAccounts there.
    private const string Client = "demo";
    private const string Redirect = "http://127.0.0.1/demo";
    private const string Extension = ".password";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Gets a token, and says how long it is valid.</summary>
    /// <param name="data">The data directory of the suite, which has the passwords.</param>
    /// <param name="name">The account.</param>
    /// <exception cref="LaunchException">There is none to be had, and why.</exception>
    public static async Task<(string Token, TimeSpan Lifetime)> LogInAsync(string data, string name)
    {
        var password = ReadPassword(Plan.DemoOf(data), name);
        var origin = Origin.Of(data);
        using var http = new HttpClient(origin.Connect()) { BaseAddress = new Uri(origin.Address), Timeout = Timeout };
        try
        {
            return await LogInAsync(http, name, password);
        }
        catch (HttpRequestException e) when (e.StatusCode is null)
        {
            throw LaunchException.Refused($"{origin.Address} cannot be reached: {e.Message}. Start the suite: dotnet run --project deploy/local");
        }
        catch (TaskCanceledException)
        {
            throw LaunchException.Refused($"{origin.Address} did not answer within {Timeout.TotalSeconds:0} s");
        }
    }

    private static string ReadPassword(string directory, string name)
    {
        try
        {
            string[] names = [.. Directory.GetFiles(directory, $"*{Extension}").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];
            return names.Contains(name)
                ? File.ReadAllText(Path.Combine(directory, name + Extension)).Trim()
                : throw LaunchException.Refused($"There is no demo account '{name}'; there are: {string.Join(", ", names)}");
        }
        catch (DirectoryNotFoundException)
        {
            throw LaunchException.Refused($"There are no passwords in {directory}: the suite that has that data directory has not been started. --data names another one");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LaunchException.Refused($"The password of '{name}' cannot be read: {e.Message} Whoever started the suite may read it");
        }
    }

    private static async Task<(string Token, TimeSpan Lifetime)> LogInAsync(HttpClient http, string name, string password)
    {
        var verifier = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));
        var state = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(16));
        var authorize = "/connect/authorize" + Query(("response_type", "code"), ("client_id", Client), ("redirect_uri", Redirect), ("scope", string.Join(' ', await ScopesAsync(http))),
            ("state", state), ("code_challenge", Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))), ("code_challenge_method", "S256"));

        var login = await GoAsync(http, new(HttpMethod.Get, authorize), HttpStatusCode.Found, name);
        var form = await GoAsync(http, new(HttpMethod.Get, PathOf(login)), HttpStatusCode.OK, name);
        var loggedIn = await GoAsync(http, new(HttpMethod.Post, "/account/login")
        {
            Content = new FormUrlEncodedContent([.. Hidden(await form.Content.ReadAsStringAsync()), new("email", $"{name}@example.com"), new("password", password)]),
        }, HttpStatusCode.Found, name);
        var sentBack = await GoAsync(http, new(HttpMethod.Get, PathOf(loggedIn)), HttpStatusCode.Found, name);
        var answer = HttpUtility.ParseQueryString(PathOf(sentBack).Split('?')[^1]);
        if (answer["code"] is not { } code || answer["state"] != state)
            throw LaunchException.Refused($"Identity gave no code: {answer["error"]} {answer["error_description"]}");

        var token = await GoAsync(http, new(HttpMethod.Post, "/connect/token")
        {
            Content = new FormUrlEncodedContent([new("grant_type", "authorization_code"), new("client_id", Client), new("code", code), new("code_verifier", verifier), new("redirect_uri", Redirect)]),
        }, HttpStatusCode.OK, name);
        var tokens = await token.Content.ReadFromJsonAsync<JsonObject>();
        return ((string)tokens!["access_token"]!, TimeSpan.FromSeconds((int)tokens["expires_in"]!));
    }

    // All that there are, but for those of OpenID Connect itself.
    private static async Task<IEnumerable<string>> ScopesAsync(HttpClient http)
    {
        var discovery = await GoAsync(http, new(HttpMethod.Get, "/.well-known/openid-configuration"), HttpStatusCode.OK, Client);
        var scopes = (await discovery.Content.ReadFromJsonAsync<JsonObject>())!["scopes_supported"]!.AsArray();
        return scopes.Select(scope => (string)scope!).Where(scope => scope.Contains('.', StringComparison.Ordinal));
    }

    private static async Task<HttpResponseMessage> GoAsync(HttpClient http, HttpRequestMessage request, HttpStatusCode expected, string name)
    {
        var response = await http.SendAsync(request);
        if (response.StatusCode == expected)
            return response;
        throw LaunchException.Refused(response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => $"Identity does not take the password of '{name}': it is of another data directory (--data), or was changed",
            HttpStatusCode.TooManyRequests => $"Identity was asked too often: try again in {response.Headers.RetryAfter?.Delta?.TotalSeconds ?? 1:0} s",
            HttpStatusCode.ServiceUnavailable => "Identity is not there yet, or has gone: try again in a moment",
            _ => $"Identity answered {request.Method} {request.RequestUri!.OriginalString.Split('?')[0]} with {(int)response.StatusCode}",
        });
    }

    private static string Query(params (string Name, string Value)[] values) => "?" + string.Join('&', values.Select(value => $"{value.Name}={Uri.EscapeDataString(value.Value)}"));

    private static string PathOf(HttpResponseMessage redirect) => redirect.Headers.Location is { IsAbsoluteUri: true } location ? location.PathAndQuery : $"{redirect.Headers.Location}";

    // What a browser sends back of a form that it was given.
    private static IEnumerable<KeyValuePair<string, string>> Hidden(string page) =>
        HiddenField().Matches(page).Select(field => KeyValuePair.Create(field.Groups["name"].Value, WebUtility.HtmlDecode(field.Groups["value"].Value)));

    [GeneratedRegex("""<input(?: type="hidden")? name="(?<name>[^"]*)"(?: type="hidden")? value="(?<value>[^"]*)" ?/?>""")]
    private static partial Regex HiddenField();
}
