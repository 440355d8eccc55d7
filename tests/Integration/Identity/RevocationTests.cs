using System.Net;
using System.Text.Json.Nodes;
using Grpc.Core;
using Microservices.Identity;
using Microservices.Identity.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Role = Microservices.Identity.V1.Role;

namespace Microservices.Tests.Integration.Identity;

/// <summary>Tokens that are revoked are refused everywhere, long before they expire, and no others are.</summary>
public sealed class RevocationTests(RevocationHost host) : IClassFixture<RevocationHost>
{
    private const string Scopes = "openid offline_access users.read orders.read notifications.read";

    [Fact]
    public async Task The_tokens_of_a_session_that_has_ended_are_refused_at_every_replica_also_by_one_that_starts_later_and_without_what_Redis_had()
    {
        var (browser, email) = await host.NewAccountAsync();
        var (ended, other, bystander) = (await TokenAsync(browser), await TokenAsync(await LogInAsync(email)), await TokenAsync((await host.NewAccountAsync()).Browser));
        foreach (var token in (string[])[ended, other, bystander])
            await AcceptedAsync(token);

        await LogOutAsync(browser);

        await RefusedAsync(ended);
        await AcceptedAsync(other);
        await AcceptedAsync(bystander);
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{host.Redis},allowAdmin=true");
        await redis.GetServers()[0].FlushAllDatabasesAsync();
        await using var replica = await host.StartUsersAsync();
        // It has read what is in force before it takes calls.
        Assert.Equal("TOKEN_REVOKED", (await Errors.FailsAsync(StatusCode.Unauthenticated, Get(replica, ended))).Reason());
        await Get(replica, other);
        await RefusedAsync(ended);
    }

    [Fact]
    public async Task A_change_of_roles_revokes_the_tokens_of_before_and_the_next_one_is_taken_at_once()
    {
        var (browser, _) = await host.NewAccountAsync();
        var tokens = await host.LogInAsync(browser, Tokens.Authorize(Scopes));
        var before = tokens.Text("access_token");
        await AcceptedAsync(before);

        await host.Identity.Services.GetRequiredService<SetRoles>().HandleAsync(new SetRolesRequest { UserId = SubjectOf(before), Roles = { Role.Operator } }, "test", Origin.Process, default);
        var (status, renewed) = await host.RefreshAsync(tokens.Text("refresh_token"));

        await RefusedAsync(before);
        Assert.Equal(HttpStatusCode.OK, status);
        await AcceptedAsync(renewed.Text("access_token"));
    }

    [Fact]
    public async Task A_client_that_revokes_its_refresh_token_and_one_that_shows_it_twice_end_the_session()
    {
        var (browser, email) = await host.NewAccountAsync();
        var revoked = await host.LogInAsync(browser, Tokens.Authorize(Scopes));
        var stolen = await host.LogInAsync(await LogInAsync(email), Tokens.Authorize(Scopes));

        var answer = await host.NewBrowser().PostAsync("/connect/revoke", ("client_id", "shop"), ("token", revoked.Text("refresh_token")));
        await host.RefreshAsync(stolen.Text("refresh_token"));
        await host.RefreshAsync(stolen.Text("refresh_token"));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        await RefusedAsync(revoked.Text("access_token"));
        await RefusedAsync(stolen.Text("access_token"));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.RefreshAsync(revoked.Text("refresh_token"))).Status);
    }

    [Fact]
    public async Task Whoever_logs_in_and_out_all_the_time_makes_the_list_longer_by_a_bounded_number_and_nobody_else_notices()
    {
        var (first, email) = await host.NewAccountAsync();
        var bystander = await TokenAsync((await host.NewAccountAsync()).Browser);
        var token = await TokenAsync(first);
        var userId = SubjectOf(token);
        var account = await host.Database.ReadAsync(context => context.Accounts.SingleAsync(a => a.UserId == userId), default);
        var sessions = host.Identity.Services.GetRequiredService<Sessions>();
        for (var i = 0; i < 3 * Microservices.Identity.Revocations.MaxSessions; i++)
        {
            var session = await sessions.BeginAsync(account, null, Origin.Process, default);
            await sessions.EndAsync(session.SessionId, AuditEvents.LoggedOut, Origin.Process, default);
        }

        var rows = await host.Database.ReadAsync(context => context.Revocations.CountAsync(r => r.UserId == userId), default);
        Assert.Equal(Microservices.Identity.Revocations.MaxSessions + 1, rows);
        // Beyond the bound all tokens of the account are revoked, and its next one is taken.
        await RefusedAsync(token);
        await AcceptedAsync(await TokenAsync(await LogInAsync(email)));
        await AcceptedAsync(bystander);
    }

    private static Task<Browser> LogOutAsync(Browser browser) => PostedAsync(browser, "/account", ("everywhere", "false"));

    private static async Task<Browser> PostedAsync(Browser browser, string path, params (string Name, string Value)[] fields)
    {
        Assert.Equal(HttpStatusCode.Found, (await browser.SubmitAsync(path, fields)).Status);
        return browser;
    }

    private static string SubjectOf(string token) => Tokens.Claims(token).Text("sub");

    private static AsyncUnaryCall<GetUserResponse> Get(ServiceHost<Microservices.Users.UsersDbContext> users, string token) =>
        RevocationHost.UsersOf(users, token).GetUserAsync(new() { UserId = SubjectOf(token) });

    private Task<Browser> LogInAsync(string email) => PostedAsync(host.NewBrowser(), "/account/login", ("email", email), ("password", IdentityHost.Password));

    private async Task<string> TokenAsync(Browser browser) => (await host.LogInAsync(browser, Tokens.Authorize(Scopes))).Text("access_token");

    private async Task AcceptedAsync(string token)
    {
        foreach (var users in host.AllUsers)
            await Get(users, token);
        foreach (var gateway in host.Gateways)
        {
            using var rest = RevocationHost.RestOf(gateway, token);
            Assert.Equal(HttpStatusCode.OK, (await rest.GetAsync($"/v1/users/{SubjectOf(token)}")).StatusCode);
        }
    }

    private async Task RefusedAsync(string token)
    {
        foreach (var users in host.AllUsers)
            await Eventually.UntilAsync(async () => await ReasonAsync(users, token) == "TOKEN_REVOKED", "a replica of Users refuses");
        foreach (var gateway in host.Gateways)
        {
            using var rest = RevocationHost.RestOf(gateway, token);
            await Eventually.UntilAsync(async () =>
            {
                var answer = await rest.GetAsync($"/v1/users/{SubjectOf(token)}");
                return answer.StatusCode == HttpStatusCode.Unauthorized && JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["reason"]?.GetValue<string>() == "TOKEN_REVOKED";
            }, "a replica of the gateway refuses");
        }
    }

    private static async Task<string> ReasonAsync(ServiceHost<Microservices.Users.UsersDbContext> users, string token)
    {
        try
        {
            await Get(users, token);
            return "";
        }
        catch (RpcException refused)
        {
            return refused.GetRpcStatus()!.Reason();
        }
    }
}
