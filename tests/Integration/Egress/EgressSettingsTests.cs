using System.Net;
using System.Text;
using Microservices.Egress;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microservices.Tests.Integration.Egress;

/// <summary>How a service gets egress, and what of its environment counts.</summary>
public sealed class EgressSettingsTests
{
    [Fact]
    public void What_is_for_a_developers_machine_stops_any_other_process_and_is_named()
    {
        using var host = Build("Production", ("Egress:AllowHttp", "true"), ("Egress:AllowedNetworks:0", "127.0.0.0/8"));

        var refused = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Equal(["Egress:AllowHttp must be false outside Development, but is true", "Egress:AllowedNetworks must be absent outside Development"], refused.Failures);
    }

    [Theory]
    [InlineData("Production", false)]
    [InlineData("Development", true)]
    public async Task A_service_calls_what_its_settings_say(string environment, bool isAllowed)
    {
        await using var server = RawServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", "127.0.0.1");
        using var host = Build(environment, isAllowed ? [("Egress:AllowHttp", "true"), ("Egress:AllowedNetworks:0", "127.0.0.0/8")] : []);
        host.Services.GetRequiredService<IStartupValidator>().Validate();
        var egress = host.Services.GetRequiredService<IEgress>();

        // By the system's resolver.
        var answer = await egress.SendAsync(new(HttpMethod.Get, new Uri($"http://localhost:{server.Port}/")), default);

        Assert.Equal(isAllowed ? EgressOutcome.Answered : EgressOutcome.Refused, answer.Outcome);
        Assert.Equal((isAllowed ? 1 : 0, isAllowed ? null : AddressRefusal.Scheme), (server.Accepted, egress.CheckAddress(new Uri("http://localhost:8000"))));
    }

    [Fact]
    public async Task A_proxy_of_the_environment_is_not_used()
    {
        await using var server = RawServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
        await using var trap = RawServer.Trap("127.0.0.1", server.Port);
        var before = HttpClient.DefaultProxy;
        try
        {
            // What .NET makes of http_proxy, once in a process.
            HttpClient.DefaultProxy = new OneHostProxy("proxied.test", new Uri($"http://127.0.0.1:{trap.Port}"));
            using var egress = new EgressUnderTest();

            Assert.Equal("good", Encoding.ASCII.GetString((await egress.GetAsync($"http://proxied.test:{server.Port}/")).Body.Span));
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }

        Assert.Equal((1, 0), (server.Accepted, trap.Accepted));
    }

    private static IHost Build(string environment, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.AddEgress();
        return builder.Build();
    }

    // Other tests of the process go their way.
    private sealed class OneHostProxy(string host, Uri proxy) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => proxy;

        public bool IsBypassed(Uri address) => address.Host != host;
    }
}
