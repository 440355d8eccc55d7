using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Hosting;

/// <summary>What is unsafe outside Development stops a process, which names all of it in one line.</summary>
public sealed class UnsafeProductionTests
{
    [Fact]
    public Task Every_fault_is_named_at_once() => FailedStart.OfAsync(
        "services/Identity",
        [
            ("Kestrel__Endpoints__Grpc__Url", "http://*:0"), ("Kestrel__Endpoints__Http__Url", "http://0.0.0.0:0"), ("Identity__Issuer", "http://shop.example.com"),
            ("Identity__DemoDirectory", "/demo"), ("Faults__Rules__0__Probability", "1"),
        ],
        [
            "Kestrel:Endpoints:Grpc:Url must be https outside Development", "Kestrel:Endpoints:Http:Url must be https outside Development", "set Tls:AllowPlaintext where",
            "Identity:Issuer must be https outside Development", "Auth:Authority must be https outside Development", "Identity:CertificateFile must be a certificate (PEM, RSA) outside Development", "Identity:DemoDirectory must be absent",
            "Faults must not be set",
        ]);

    [Fact]
    public Task Secrets_that_would_be_kept_unsealed_and_addresses_that_nobody_may_have_called_are_named_at_once() => FailedStart.OfAsync(
        "services/Webhooks",
        [
            ("Backends__Orders__Addresses__0", "http://127.0.0.1:1"), ("Backends__Notifications__Addresses__0", "http://127.0.0.1:1"),
            ("Egress__AllowHttp", "true"), ("Egress__AllowedNetworks__0", "10.0.0.0/8"),
        ],
        [
            "Webhooks:CertificateFile must be a certificate (PEM, RSA) outside Development, the same to every replica, but is missing",
            "Egress:AllowHttp must be false outside Development", "Egress:AllowedNetworks must be absent outside Development",
        ]);

    [Fact]
    public Task A_port_without_TLS_that_others_reach_needs_a_setting_that_says_so() => FailedStart.OfAsync(
        "services/Orders", [("Kestrel__Endpoints__Grpc__Url", "http://0.0.0.0:0"), ("Auth__Authority", "http://shop.example.com")],
        ["Kestrel:Endpoints:Grpc:Url must be https outside Development, with Tls:CertificateFile, or of this machine alone, but is 'http://0.0.0.0:0'", "; Auth:Authority must be https outside Development"]);

    [Theory]
    [InlineData("Grpc", "Tls:CertificateFile must be a file with the process's certificate (PEM), since Kestrel:Endpoints:Grpc:Url is https, but is missing")]
    [InlineData("Management", "Kestrel:Endpoints:Management:Url must be http, since probes")]
    public Task A_port_that_cannot_speak_TLS_is_named(string endpoint, string said) => FailedStart.OfAsync(
        "services/Orders", [($"Kestrel__Endpoints__{endpoint}__Url", "https://127.0.0.1:0")], [said]);

    [Fact]
    public async Task With_the_setting_a_process_serves_others_without_TLS()
    {
        var directory = Directory.CreateTempSubdirectory("plaintext-").FullName;
        await using var orders = new ReplicaProcess("services/Users", new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ConnectionStrings__Database"] = $"Data Source={Path.Combine(directory, "users.db")}",
            ["ConnectionStrings__Redis"] = "127.0.0.1:1",
            ["Kestrel__Endpoints__Http__Url"] = $"http://0.0.0.0:{Eventually.FreePort()}",
            ["Tls__AllowPlaintext"] = "true",
        });

        await orders.UntilReadyAsync();
    }
}
