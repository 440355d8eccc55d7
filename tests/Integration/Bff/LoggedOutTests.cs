using System.Net;
using System.Net.Http.Headers;
using Microservices.Identity;
using Microservices.Identity.V1;
using Microservices.Tests.Integration.Identity;
using Microservices.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Bff;

/// <summary>That a session has ended, or that its user's roles have changed, is known at every replica of the gateway long before the token expires.</summary>
public sealed class LoggedOutTests(LoggedOutHost host) : IClassFixture<LoggedOutHost>
{
    [Fact]
    public async Task Who_logs_out_in_one_tab_is_logged_out_at_every_replica_and_every_open_page_is_told_why()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var (bystander, _) = await host.NewSessionAsync();
        using var elsewhere = BffHost.At(host.Replica, browser);
        using var here = await EventsAsync(browser, userId);
        using var there = await EventsAsync(elsewhere, userId);

        Assert.Equal(204, (await browser.ChangeAsync("POST", "/bff/logout")).Status);

        await EndsRevokedAsync(here);
        await EndsRevokedAsync(there);
        Assert.Equal((401, "SESSION_ENDED"), await UserAsync(elsewhere));
        Assert.Empty(elsewhere.Cookies);
        Assert.Equal((200, null), await UserAsync(bystander));
    }

    [Fact]
    public async Task A_session_that_is_ended_from_another_device_is_ended_for_its_own_browser()
    {
        var (browser, userId) = await host.NewSessionAsync();
        using var elsewhere = BffHost.At(host.Replica, browser);
        using var events = await EventsAsync(elsewhere, userId);

        await host.Identity.Services.GetRequiredService<Sessions>().EndAllAsync(userId, "test", Origin.Process, default);

        await EndsRevokedAsync(events);
        Assert.Equal((401, "SESSION_ENDED"), await UserAsync(elsewhere));
        await Eventually.UntilAsync(async () => await UserAsync(browser) == (401, "SESSION_ENDED"), "the other replica knows it");
    }

    [Fact]
    public async Task With_other_roles_the_session_goes_on_by_a_token_that_has_them()
    {
        var (browser, userId) = await host.NewSessionAsync();
        using var events = await EventsAsync(browser, userId);

        await host.Identity.Services.GetRequiredService<SetRoles>().HandleAsync(new SetRolesRequest { UserId = userId, Roles = { Role.Operator } }, "test", Origin.Process, default);

        await EndsRevokedAsync(events);
        var (status, user) = await browser.ApiAsync("GET", "/bff/user");
        Assert.Equal((200, """["operator","user"]"""), (status, user["roles"]?.ToJsonString()));
        using var again = await EventsAsync(browser, userId);
    }

    private static async Task<(int, string?)> UserAsync(Browser browser) => await browser.ApiAsync("GET", "/bff/user") is var (status, body) ? (status, (string?)body["reason"]) : default;

    private static async Task<StreamReader> EventsAsync(Browser browser, string userId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/users/{userId}/events") { Headers = { { "Sec-Fetch-Site", "same-origin" } } };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        var response = await browser.BeginAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new StreamReader(await response.Content.ReadAsStreamAsync());
    }

    private static async Task EndsRevokedAsync(StreamReader events) =>
        Assert.Contains("event: end\ndata: {\"reason\":\"revoked\"", await events.ReadToEndAsync().WaitAsync(Eventually.Timeout), StringComparison.Ordinal);
}
