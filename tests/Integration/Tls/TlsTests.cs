using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Microservices.Hosting.Tls;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Tls;

/// <summary>TLS at every port, and services that know each other by their certificates.</summary>
public sealed class TlsTests(TlsHosts hosts) : IClassFixture<TlsHosts>
{
    [Fact]
    public async Task Services_and_people_call_each_other_over_TLS_with_unary_calls_call_streams_and_REST()
    {
        using var rest = new HttpClient(Tokens.Bearer(hosts.Handler())) { BaseAddress = hosts.Gateway.RestAddress };
        using var created = await rest.PostAsJsonAsync("/v1/users", new { displayName = "Ada Lovelace", email = $"{Guid.NewGuid():N}@example.com" });
        var user = (string)(await created.Content.ReadFromJsonAsync<JsonObject>())!["userId"]!;
        using var placed = await rest.PostAsJsonAsync("/v1/orders", new { userId = user, lines = new[] { new { productId = "tea", quantity = 2, unitPrice = new { amount = "10.25", currency = "EUR" } } } });
        Assert.Equal(HttpStatusCode.Created, placed.StatusCode);

        var overview = await rest.GetFromJsonAsync<JsonObject>($"/v1/users/{user}/overview");

        Assert.True((bool)overview!["complete"]!, overview.ToJsonString());
        Assert.Single(overview["orders"]!["data"]!.AsArray());
        using var channel = hosts.ChannelTo(hosts.Users.Grpc, Tokens.Authority.Operator());
        Assert.Equal(user, (await new UsersService.UsersServiceClient(channel).GetUserAsync(new() { UserId = user })).User.UserId);
    }

    /// <summary>Each row: whose certificate is shown, its URI unless the service's own, and how a call with the token of the gateway ends.</summary>
    [Theory]
    [InlineData("gateway", null, null)]
    [InlineData(null, null, "CERTIFICATE_MISMATCH")]
    [InlineData("orders", null, "CERTIFICATE_MISMATCH")]
    [InlineData("gateway", "spiffe://elsewhere/gateway", "CERTIFICATE_MISMATCH")]
    [InlineData("gateway", "spiffe://other/gateway", "CERTIFICATE_MISMATCH")]
    [InlineData("gateway", "spiffe://suite/gateway/other", "CERTIFICATE_MISMATCH")]
    [InlineData("gateway", "https://suite/gateway", "CERTIFICATE_MISMATCH")]
    public async Task A_services_token_is_taken_with_the_certificate_of_that_service_only(string? name, string? uri, string? reason)
    {
        using var channel = hosts.ChannelTo(hosts.Users.Grpc, Tokens.Authority.Workload("gateway"), name is null ? null : hosts.Ca.Issue(name, uri: uri));
        var users = new UsersService.UsersServiceClient(channel);

        if (reason is null)
        {
            await users.ListChangedUsersAsync(new());
            return;
        }

        Assert.Equal(reason, (await Errors.FailsAsync(StatusCode.Unauthenticated, users.ListChangedUsersAsync(new()))).Reason());
        // Of streams as well, which are checked elsewhere.
        using var stream = users.WatchUsers();
        Assert.Equal(reason, (await Errors.FailsAsync(StatusCode.Unauthenticated, () => stream.ResponseStream.MoveNext(default))).Reason());
    }

    [Fact]
    public async Task A_certificate_of_another_authority_or_one_that_has_expired_lets_nobody_in_whatever_the_token()
    {
        using var other = new TestCa();
        foreach (var own in ((string, string)[])[other.Issue("gateway"), hosts.Ca.Issue("gateway", TimeSpan.FromDays(-1))])
        {
            using var channel = hosts.ChannelTo(hosts.Users.Grpc, Tokens.Authority.Operator(), own);
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await new UsersService.UsersServiceClient(channel).ListUsersAsync(new()));
            Assert.True(refused.StatusCode is StatusCode.Unavailable or StatusCode.Internal, $"{refused.Status}");
        }
    }

    /// <summary>Each row: what a server shows to a service of the suite that calls it.</summary>
    [Theory]
    [InlineData("good", true)]
    [InlineData("of another authority", false)]
    [InlineData("expired", false)]
    [InlineData("of another host", false)]
    public async Task A_service_calls_nobody_whose_certificate_is_not_of_the_authority_valid_and_for_the_host(string shown, bool isTaken)
    {
        using var other = new TestCa();
        var (pem, key) = shown switch
        {
            "of another authority" => other.Issue("users"),
            "expired" => hosts.Ca.Issue("users", TimeSpan.FromDays(-1)),
            "of another host" => hosts.Ca.Issue("users", host: "elsewhere.test"),
            _ => hosts.Ca.Issue("users"),
        };
        using var certificate = X509Certificate2.CreateFromPem(pem, key);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await using var tls = new SslStream(client.GetStream());
        var options = hosts.Orders.Services.GetRequiredService<TlsClient>().Options();
        options.TargetHost = "localhost";

        var connecting = tls.AuthenticateAsClientAsync(options);

        if (isTaken)
            await connecting;
        else
            await Assert.ThrowsAsync<AuthenticationException>(() => connecting);
        await serving;

        async Task ServeAsync()
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            await using var server = new SslStream(accepted.GetStream());
            try
            {
                await server.AuthenticateAsServerAsync(certificate);
            }
            catch (Exception refused) when (refused is AuthenticationException or IOException)
            {
                // The client has gone.
            }
        }
    }

    [Fact]
    public async Task Who_does_not_speak_TLS_to_a_port_that_does_is_cut_off_at_once()
    {
        foreach (var address in (string[])[hosts.Users.Grpc, hosts.Gateway.Grpc, hosts.Gateway.RestAddress.AbsoluteUri])
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, new Uri(address).Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            var answer = new byte[100];
            using var timeout = new CancellationTokenSource(Eventually.Timeout);
            try
            {
                // At most an alert of TLS.
                Assert.InRange(await client.GetStream().ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, timeout.Token), 0, 20);
            }
            catch (IOException)
            {
                // It was reset.
            }
        }
    }

    [Fact]
    public async Task Broken_HTTP_over_TLS_is_answered_with_a_problem()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, hosts.Gateway.RestAddress.Port);
        var options = hosts.Handler().SslOptions;
        options.TargetHost = "localhost";
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(options);
        await tls.WriteAsync("GET / HTTP/9.9\r\n\r\n"u8.ToArray());

        using var reader = new StreamReader(tls);
        Assert.Contains("application/problem+json", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }
}
