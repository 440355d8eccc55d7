using System.Net;
using Microservices.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Identity's pages at the gateway's address.</summary>
public sealed class AuthorityForwardingTests
{
    [Fact]
    public async Task What_Identity_serves_is_at_the_gateways_address_as_it_is_and_nothing_else_goes_there()
    {
        await using var identity = await StartAsync();
        await using var gateway = new GatewayFactory(("Authority:Address", identity.Address));

        using var ask = new HttpRequestMessage(HttpMethod.Post, "/connect/token?x=1") { Content = new StringContent("grant_type=none") };
        ask.Headers.Add("X-Forwarded-For", "203.0.113.1");
        ask.Headers.Add("X-Forwarded-Host", "evil.example");
        ask.Headers.Add("Cookie", "login=1");
        using var answer = await gateway.Rest.SendAsync(ask);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal("/elsewhere", answer.Headers.Location!.OriginalString);
        Assert.Equal("given=1; path=/", answer.Headers.GetValues("Set-Cookie").Single());
        // The proxies of this machine are trusted, so that what they say is passed on; nothing else of what the caller claims is.
        Assert.Equal("POST /connect/token?x=1 from 203.0.113.1 host '' cookie login=1: grant_type=none", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Found, (await gateway.Rest.GetAsync("/.well-known/openid-configuration")).StatusCode);
        Assert.Equal(HttpStatusCode.Found, (await gateway.Rest.GetAsync("/account/login")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Rest.GetAsync("/accounts")).StatusCode);
    }

    [Fact]
    public async Task Identity_that_cannot_be_reached_is_a_problem()
    {
        await using var gateway = new GatewayFactory(("Authority:Address", $"http://127.0.0.1:{Eventually.FreePort()}"));

        using var answer = await gateway.Rest.GetAsync("/account/login");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
    }

    private static async Task<FakeIdentity> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async http =>
        {
            var request = http.Request;
            (http.Response.StatusCode, http.Response.Headers.Location, http.Response.Headers.SetCookie) = (StatusCodes.Status302Found, "/elsewhere", "given=1; path=/");
            await http.Response.WriteAsync($"{request.Method} {request.Path}{request.QueryString} from {request.Headers["X-Forwarded-For"]} host '{request.Headers["X-Forwarded-Host"]}' "
                + $"cookie {request.Headers.Cookie}: {await new StreamReader(request.Body).ReadToEndAsync()}");
        });
        await app.StartAsync();
        return new(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    private sealed record FakeIdentity(WebApplication App, string Address) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await App.DisposeAsync();
    }
}
