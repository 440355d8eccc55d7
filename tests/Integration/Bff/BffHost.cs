using System.Net;
using System.Net.Security;
using System.Text.Json.Nodes;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Integration.Identity;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Bff;

/// <summary>Identity, Users, and two replicas of the gateway, at whose address browsers log in; each calls the others by a key of its own. Access tokens last for 10 s. The
/// issuer is https, as production wants it.</summary>
public class BffHost : IdentityHost
{
    private static readonly TestCa Ca = new();

    private readonly int identityPort = Eventually.FreePort();

    /// <summary>The gateway at the issuer's address.</summary>
    internal GatewayFactory Gateway { get; private set; } = null!;

    /// <summary>Another replica.</summary>
    internal GatewayFactory Replica { get; private set; } = null!;

    protected override IEnumerable<(string Key, string Value)> Settings =>
    [
        .. UsersSettings, ("Auth:KeyFile", KeyFile("identity")), ("Auth:TokenAddress", $"{Internal}/connect/token"), ("Identity:WorkloadKeys", Path.Combine(Files, "public")), ("Kestrel:Endpoints:Http:Url", Internal),
        ("Identity:AccessTokenLifetime", Lifetime),
    ];

    protected virtual string Lifetime => "00:00:10";

    protected override IEnumerable<(string Key, string Value)> UsersSettings => [("Auth:Authority", Issuer.AbsoluteUri), ("Auth:KeysAddress", $"{Internal}/.well-known/jwks")];

    protected override string Scheme => Uri.UriSchemeHttps;

    protected override SslClientAuthenticationOptions Tls => Ca.Trust();

    private string Internal => $"http://127.0.0.1:{identityPort}";

    private string KeyFile(string name) => Path.Combine(Files, $"{name}.key.json");

    public override async Task InitializeAsync()
    {
        foreach (var name in (string[])["identity", "gateway"])
            WorkloadHost.WriteKeys(name, KeyFile(name), Path.Combine(Files, "public", $"{name}.json"));
        await base.InitializeAsync();
        var (certificate, key) = Ca.Issue("gateway");
        var file = Path.Combine(Files, "gateway.pem");
        await File.WriteAllTextAsync(file, certificate + key);
        Gateway = NewGateway(("Kestrel:Endpoints:Http:Url", Issuer.AbsoluteUri), ("Tls:CertificateFile", file));
        Replica = NewGateway();
    }

    public override async Task DisposeAsync()
    {
        await Replica.DisposeAsync();
        await Gateway.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>A replica of the gateway, with these settings over its own.</summary>
    internal GatewayFactory NewGateway(params (string Key, string Value)[] more) => new(
    [
        ("Auth:Authority", Issuer.AbsoluteUri), ("Auth:KeysAddress", $"{Internal}/.well-known/jwks"), ("Auth:TokenAddress", $"{Internal}/connect/token"), ("Auth:KeyFile", KeyFile("gateway")),
        ("Authority:Address", Internal), ("Backends:Users:Addresses:0", Users.Grpc), ("Backends:Identity:Addresses:0", Identity.Grpc), ("Auth:RevocationsAddress", Identity.Grpc), .. more,
    ]);

    /// <summary>Somebody who has registered, and has a session.</summary>
    internal async Task<(Browser Browser, string UserId)> NewSessionAsync()
    {
        var (browser, _) = await NewAccountAsync();
        Assert.Equal("/", await LogInAsync(browser));
        return (browser, (await browser.ApiAsync("GET", "/bff/user")).Body.Text("userId"));
    }

    /// <summary>Logs in a browser that has logged in to Identity before; where it ends up.</summary>
    internal static async Task<string?> LogInAsync(Browser browser, string query = "") => (await browser.GetAsync(await CallbackAsync(browser, query))).Location;

    /// <summary>The address that Identity sends a browser back to.</summary>
    internal static async Task<string> CallbackAsync(Browser browser, string query = "")
    {
        var begun = await browser.GetAsync($"/bff/login{query}");
        Assert.True(begun.Status == HttpStatusCode.Found, $"{begun.Status} {begun.Page}");
        var agreed = await browser.GetAsync(new Uri(begun.Location!).PathAndQuery);
        Assert.True(agreed.Status == HttpStatusCode.Found, $"{agreed.Status} {agreed.Page}");
        return agreed.Location!;
    }

    /// <summary>A browser at a replica of the gateway, with the session of another one.</summary>
    internal static Browser At(GatewayFactory gateway, Browser browser) => At(gateway, browser.Session());

    /// <summary>A browser at a replica of the gateway, with this cookie.</summary>
    internal static Browser At(GatewayFactory gateway, string cookie) => new(gateway.RestAddress, null, Ca.Trust()) { Cookies = { [BffCalls.Cookie] = cookie } };
}

/// <summary>Calls as the scripts of a page make them.</summary>
internal static class BffCalls
{
    public const string Cookie = "__Host-session";

    /// <summary>The cookie of the session.</summary>
    public static string Session(this Browser browser) => browser.Cookies[Cookie];

    /// <summary>Calls with these headers; the body is JSON.</summary>
    public static async Task<(int Status, JsonObject Body)> ApiAsync(this Browser browser, string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : Http.Body(body) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var answer = await browser.SendAsync(request);
        // No token: two parts of JSON in base64url. Ids and cookies are made at random, and may have anything in them.
        Assert.DoesNotMatch(@"eyJ[\w-]*\.eyJ", $"{answer.Response.Headers} {answer.Page}");
        return ((int)answer.Status, answer.Page.Length == 0 ? [] : JsonNode.Parse(answer.Page)!.AsObject());
    }

    /// <summary>As the gateway's own pages change something.</summary>
    public static Task<(int Status, JsonObject Body)> ChangeAsync(this Browser browser, string method, string path, string? body = null) =>
        browser.ApiAsync(method, path, body, ("X-CSRF", "1"), ("Sec-Fetch-Site", "same-origin"));

    /// <summary>How an answer came out: its status, and the reason of a problem.</summary>
    public static async Task<(int, string?)> ReasonAsync(Task<(int Status, JsonObject Body)> answer) => await answer is var (status, body) ? (status, (string?)body["reason"]) : default;
}

/// <summary>The same on PostgreSQL; nothing at all where there is none.</summary>
public sealed class PostgresBffHost : BffHost
{
    private readonly PostgresDatabases databases = new();

    protected override Task<string> DatabaseAsync(string service) => databases.NamedAsync("suite");

    public override async Task InitializeAsync()
    {
        await databases.InitializeAsync();
        if (databases.Exist)
            await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        if (databases.Exist)
            await base.DisposeAsync();
        await databases.DisposeAsync();
    }
}
