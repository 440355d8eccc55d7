using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microservices.Egress;
using Microservices.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Egress;

/// <summary>Whom egress believes.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TestCa ca = new();

    public void Dispose() => ca.Dispose();

    [Theory]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    [InlineData(HttpProtocols.Http2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    public async Task A_host_with_a_good_certificate_is_spoken_with_in_what_it_knows_of_HTTP(HttpProtocols protocols, string spoken)
    {
        var (server, port) = await StartAsync(ca.Issue("shop", host: "shop.test"), protocols);
        await using var running = server;
        using var egress = new EgressUnderTest(options => options.AllowHttp = false, ca);

        var answer = await egress.Egress.SendAsync(new(HttpMethod.Post, new Uri($"https://shop.test:{port}/")) { Body = "hello"u8.ToArray() }, default);

        Assert.Equal((EgressOutcome.Answered, $"{spoken} hello"), (answer.Outcome, Encoding.ASCII.GetString(answer.Body.Span)));
    }

    [Fact]
    public async Task A_certificate_of_another_host_an_expired_one_and_one_of_an_unknown_authority_are_refused()
    {
        using var other = new TestCa();
        foreach (var (certificate, why) in new[] { (ca.Issue("shop", host: "other.test"), "another host"), (ca.Issue("shop", TimeSpan.FromDays(-1), "shop.test"), "expired"), (other.Issue("shop", host: "shop.test"), "unknown") })
        {
            var (server, port) = await StartAsync(certificate, HttpProtocols.Http1);
            await using var running = server;
            using var egress = new EgressUnderTest(options => options.AllowHttp = false, ca);

            Assert.Equal((why, EgressOutcome.TlsFailed), (why, (await egress.GetAsync($"https://shop.test:{port}/")).Outcome));
        }
    }

    [Fact]
    public async Task An_authority_that_the_system_does_not_know_is_not_believed()
    {
        var (server, port) = await StartAsync(ca.Issue("shop", host: "shop.test"), HttpProtocols.Http1);
        await using var running = server;
        using var egress = new EgressUnderTest();

        Assert.Equal(EgressOutcome.TlsFailed, (await egress.GetAsync($"https://shop.test:{port}/")).Outcome);
    }

    [Fact]
    public async Task What_does_not_speak_TLS_is_told_and_a_handshake_that_stalls_ends_in_time()
    {
        await using var plain = new RawServer(async (stream, token) => await stream.WriteAsync("HTTP/1.1 400 No\r\n\r\n"u8.ToArray(), token));
        await using var stalled = new RawServer(async (_, token) => await Task.Delay(Timeout.Infinite, token));
        using var egress = new EgressUnderTest(options => options.ConnectTimeout = TimeSpan.FromSeconds(2));

        Assert.Equal(EgressOutcome.TlsFailed, (await egress.GetAsync($"https://plain.test:{plain.Port}/")).Outcome);
        Assert.Equal(EgressOutcome.ConnectFailed, (await egress.GetAsync($"https://stalled.test:{stalled.Port}/")).Outcome);
    }

    // Answers with the protocol and the body that came.
    private static async Task<(WebApplication Server, int Port)> StartAsync((string Certificate, string Key) pem, HttpProtocols protocols)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse("127.0.0.2"), 0, listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(X509Certificate2.CreateFromPem(pem.Certificate, pem.Key));
        }));
        var server = builder.Build();
        server.Run(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"{context.Request.Protocol} {await body.ReadToEndAsync()}");
        });
        await server.StartAsync();
        return (server, new Uri(server.Urls.Single()).Port);
    }
}
