using System.Net.Security;
using System.Security.Cryptography;
using Microservices.Identity;
using Microservices.Persistence;
using Microservices.Tests.Support;
using Microservices.Users;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Identity and Users on real sockets, on databases of their own: SQLite unless a connection string says otherwise.</summary>
public class IdentityHost : IAsyncLifetime
{
    public const string Redirect = "http://127.0.0.1:9/callback";

    /// <summary>A password that all accounts of the tests have.</summary>
    public const string Password = "correct horse battery";

    private static int browsers;

    private readonly string directory = Directory.CreateTempSubdirectory("identity-").FullName;

    internal ServiceHost<UsersDbContext> Users { get; private set; } = null!;

    internal ServiceHost<IdentityDbContext> Identity { get; private set; } = null!;

    /// <summary>Where it answers, which is its issuer.</summary>
    public Uri Issuer { get; private set; } = null!;

    /// <summary>The private key of the client "worker".</summary>
    public ECDsa WorkerKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    internal Database<IdentityDbContext> Database => Identity.Services.GetRequiredService<Database<IdentityDbContext>>();

    /// <summary>Settings of a class of tests.</summary>
    protected virtual IEnumerable<(string Key, string Value)> Settings => [];

    /// <summary>Settings of Users, of a class of tests.</summary>
    protected virtual IEnumerable<(string Key, string Value)> UsersSettings => [];

    /// <summary>The scheme of its issuer.</summary>
    protected virtual string Scheme => Uri.UriSchemeHttp;

    /// <summary>How browsers speak TLS with the issuer, where that is https.</summary>
    protected virtual SslClientAuthenticationOptions? Tls => null;

    /// <summary>The directory of all its files.</summary>
    protected string Files => directory;

    protected virtual Task<string> DatabaseAsync(string service) => Task.FromResult($"Data Source={Path.Combine(directory, service)}.db");

    public virtual async Task InitializeAsync()
    {
        var port = Eventually.FreePort();
        Issuer = new Uri($"{Scheme}://127.0.0.1:{port}/");
        Users = await StartUsersAsync();
        Identity = await StartAsync(port);
    }

    /// <summary>A replica of Users, with these settings over its own.</summary>
    internal async Task<ServiceHost<UsersDbContext>> StartUsersAsync(params (string Key, string Value)[] more)
    {
        var settings = new Dictionary<string, string> { ["ConnectionStrings:Database"] = await DatabaseAsync("users") };
        foreach (var (name, value) in UsersSettings.Concat(more))
            settings[name] = value;
        return new(settings);
    }

    /// <summary>A replica on the same database, at a port of its own.</summary>
    internal async Task<ServiceHost<IdentityDbContext>> StartAsync(int port)
    {
        var keys = Path.Combine(directory, "worker.json");
        var key = WorkerKey.ExportParameters(includePrivateParameters: false);
        await File.WriteAllTextAsync(keys, $$"""{"keys":[{"kty":"EC","crv":"P-256","kid":"worker","use":"sig","alg":"ES256","x":"{{Base64UrlEncoder.Encode(key.Q.X)}}","y":"{{Base64UrlEncoder.Encode(key.Q.Y)}}"}]}""");
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings:Database"] = await DatabaseAsync("identity"),
            ["Backends:Users:Addresses:0"] = Users.Grpc,
            ["Kestrel:Endpoints:Http:Url"] = $"http://127.0.0.1:{port}",
            ["Identity:Issuer"] = Issuer.AbsoluteUri,
            ["Identity:CertificateFile"] = Certificate(),
            // Nobody's turn comes too late because the machine has other work.
            ["Identity:LoginTimeout"] = "00:00:30",
        };
        string[] all = ["openid", "offline_access", "users.read", "orders.read", "orders.write", "identity.write"];
        AddClient(settings, 0, "reports", "ClientCredentials", all, keys);
        AddClient(settings, 1, "shop", "AuthorizationCode", all, null);
        AddClient(settings, 2, "worker", "ClientCredentials", all, keys);
        settings["Identity:Clients:0:IsOperator"] = "true";
        settings["Identity:Clients:1:RedirectUris:0"] = Redirect;
        settings["Identity:Clients:1:LogoutUris:0"] = "http://127.0.0.1:9/";
        settings["Identity:Clients:2:Grants:1"] = "TokenExchange";
        foreach (var (name, value) in Settings)
            settings[name] = value;
        return new(settings);
    }

    public virtual async Task DisposeAsync()
    {
        await Identity.DisposeAsync();
        await Users.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>A browser without cookies, at an address of its own.</summary>
    public Browser NewBrowser(string? address = null)
    {
        var number = Interlocked.Increment(ref browsers);
        return new(Issuer, address ?? $"10.0.{number / 250}.{number % 250 + 1}", Tls);
    }

    /// <summary>An account made now, and the browser that has made it.</summary>
    public async Task<(Browser Browser, string Email)> NewAccountAsync()
    {
        var (browser, email) = (NewBrowser(), NewEmail());
        var answer = await browser.SubmitAsync("/account/register", ("displayName", "Ada Lovelace"), ("email", email), ("password", Password));
        Assert.Equal("/account", answer.Location);
        return (browser, email);
    }

    /// <summary>Runs another process on the same database, until it has exited.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(string arguments) => await Shell.RunAsync(
        $"cd '{Path.GetDirectoryName(ReplicaProcess.AssemblyOf("services/Identity"))}' && ASPNETCORE_ENVIRONMENT=Development dotnet Identity.dll --ConnectionStrings:Database='{await DatabaseAsync("identity")}' "
        + $"--Identity:CertificateFile='{Certificate()}' {arguments}");

    public static string NewEmail() => $"{Guid.NewGuid():N}@example.com";

    private static void AddClient(Dictionary<string, string> settings, int i, string id, string grant, string[] scopes, string? keys)
    {
        settings[$"Identity:Clients:{i}:ClientId"] = id;
        settings[$"Identity:Clients:{i}:DisplayName"] = id;
        settings[$"Identity:Clients:{i}:Grants:0"] = grant;
        foreach (var (j, scope) in scopes.Index())
            settings[$"Identity:Clients:{i}:Scopes:{j}"] = scope;
        if (keys is not null)
            settings[$"Identity:Clients:{i}:KeySetFile"] = keys;
    }

    private string Certificate()
    {
        var file = Path.Combine(directory, "sealing.pem");
        if (!File.Exists(file))
        {
            using var key = RSA.Create(2_048);
            using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(file, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        }

        return file;
    }
}

/// <summary>The same on PostgreSQL; nothing at all where there is none.</summary>
public sealed class PostgresIdentityHost : IdentityHost
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
