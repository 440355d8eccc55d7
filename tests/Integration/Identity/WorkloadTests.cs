using System.Net;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Identity;
using Microservices.Primitives;
using Microservices.Users.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Microservices.Tests.Integration.Identity;

/// <summary>The services of the suite: they get tokens in their own name by their keys, and nobody else gets such tokens.</summary>
public sealed class WorkloadTests(WorkloadHost host) : IClassFixture<WorkloadHost>
{
    [Fact]
    public async Task Identity_makes_users_in_its_own_name_with_a_token_that_it_gets_by_its_key()
    {
        var (browser, _) = await host.NewAccountAsync();

        var token = (await host.LogInAsync(browser, Tokens.Authorize("openid users.read"))).Text("access_token");
        var user = await GetUserAsync(token, Tokens.Claims(token).Text("sub"));

        Assert.Equal("Ada Lovelace", user.DisplayName);
    }

    [Fact]
    public async Task A_service_gets_a_token_that_says_that_it_is_one_and_may_what_the_contracts_let_it()
    {
        var issued = await As("gateway").SendOwnAsync(default);
        var claims = Tokens.Claims(issued.Token!);

        Assert.InRange(issued.Lifetime, TimeSpan.FromSeconds(290), TimeSpan.FromMinutes(5));
        Assert.Equal(("gateway", "gateway", "microservices"), (claims.Text("sub"), claims.Text("client_id"), claims.Text("aud")));
        Assert.Equal(["workload"], claims["roles"]!.AsArray().Select(role => role!.GetValue<string>()));
        Assert.False(claims.ContainsKey("scope"));

        var client = new UsersService.UsersServiceClient(host.Users.Channel);
        await client.ListChangedUsersAsync(new(), Bearer(issued.Token!));
        await Errors.FailsAsync(StatusCode.PermissionDenied, client.ListChangedUsersAsync(new(), Bearer((await As("orders").SendOwnAsync(default)).Token!)));
        await Errors.FailsAsync(StatusCode.PermissionDenied, client.ListUsersAsync(new(), Bearer(issued.Token!)));
    }

    [Fact]
    public async Task Nobody_gets_the_token_of_a_service_without_its_key()
    {
        var refused = await As("gateway", key: "orders").SendOwnAsync(default);
        Assert.Equal((null, "it answered 401 invalid_client"), (refused.Token, refused.Problem));
        Assert.Null((await As("elsewhere", key: "orders").SendOwnAsync(default)).Token);
        var (status, body) = await host.AskAsync(("grant_type", "client_credentials"), ("client_id", "gateway"));
        Assert.NotEqual(HttpStatusCode.OK, status);
        Assert.False(body.ContainsKey("access_token"));
    }

    [Fact]
    public async Task Another_client_in_its_own_name_and_a_user_who_is_called_like_a_service_are_none()
    {
        var worker = (await host.AskAsWorkerAsync(host.Assertion(), ("grant_type", "client_credentials"), ("scope", "users.read"))).Body.Text("access_token");
        Assert.False(Tokens.Claims(worker).ContainsKey("roles"));
        // Nor is it a user: somebody may be called like it.
        await Errors.FailsAsync(StatusCode.PermissionDenied, new UsersService.UsersServiceClient(host.Users.Channel).GetUserAsync(new() { UserId = "worker" }, Bearer(worker)));

        var email = IdentityHost.NewEmail();
        await host.Identity.Services.GetRequiredService<Register>().HandleAsync("Orders", email, IdentityHost.Password, Origin.Process, default, "orders");
        var browser = host.NewBrowser();
        await browser.SubmitAsync("/account/login", ("email", email), ("password", IdentityHost.Password));
        var claims = Tokens.Claims((await host.LogInAsync(browser)).Text("access_token"));
        Assert.Equal("orders", claims.Text("sub"));
        Assert.Equal(["user"], claims["roles"]!.AsArray().Select(role => role!.GetValue<string>()));
    }

    [Fact]
    public async Task A_client_whose_definition_says_so_is_an_operator_as_far_as_its_scopes_go_and_makes_nobody_else_one()
    {
        var (browser, _) = await host.NewAccountAsync();
        var userId = Tokens.Claims((await host.LogInAsync(browser)).Text("access_token")).Text("sub");

        var reports = await ReportsAsync("users.read identity.write");
        Assert.Equal(["operator"], Tokens.Claims(reports)["roles"]!.AsArray().Select(role => role!.GetValue<string>()));
        Assert.Equal(userId, (await GetUserAsync(reports, userId)).UserId);
        await Errors.FailsAsync(StatusCode.PermissionDenied, new UsersService.UsersServiceClient(host.Users.Channel).GetUserAsync(new() { UserId = userId }, Bearer(await ReportsAsync("orders.read"))));
        // That takes an operator who has logged in.
        await Errors.FailsAsync(StatusCode.Unauthenticated, new Microservices.Identity.V1.IdentityService.IdentityServiceClient(host.Identity.Channel).SetRolesAsync(
            new() { UserId = userId, Roles = { Microservices.Identity.V1.Role.Operator } }, Bearer(reports)));
    }

    [Theory]
    [InlineData("must be a directory with the public keys of services, a file NAME.json each, but '/nowhere' is none")]
    [InlineData("must have for 'orders' a file with a JSON Web Key Set, but '*' is none", "no JSON")]
    [InlineData("must have for 'orders' a file with public keys only, but '*' has none, or private ones", """{"keys":[]}""")]
    [InlineData("must have for 'orders' a file with public keys only, but '*' has none, or private ones", """{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"AA","y":"AA","d":"secret"}]}""")]
    [InlineData("must not have 'orders', which is a client of Identity:Clients as well", """{"keys":[]}""", "orders")]
    public void Keys_that_cannot_be_used_stop_the_process_and_are_named(string problem, string? json = null, string? client = null)
    {
        var directory = json is null ? "/nowhere" : Directory.CreateTempSubdirectory("workloads-").FullName;
        var file = Path.Combine(directory, "orders.json");
        if (json is not null)
            File.WriteAllText(file, json);
        var options = new IdentityOptions { WorkloadKeys = directory };
        if (client is not null)
            options.Clients.Add(new ClientDefinition { ClientId = client });

        var refused = Assert.Throws<InvalidSettingException>(() => Workloads.Of(options).ToList());

        Assert.Equal($"Identity:WorkloadKeys {problem.Replace("*", file, StringComparison.Ordinal)}", refused.Message);
        if (json is not null)
            Directory.Delete(directory, recursive: true);
    }

    private async Task<string> ReportsAsync(string scopes) =>
        (await host.AskAsAsync("reports", host.Assertion(client: "reports"), ("grant_type", "client_credentials"), ("scope", scopes))).Body.Text("access_token");

    private static Metadata Bearer(string token) => new() { { "authorization", $"Bearer {token}" } };

    private TokenRequests As(string name, string? key = null) => new(
        new AuthOptions { Authority = host.Issuer.AbsoluteUri, KeyFile = host.KeyFile(key ?? name) }, name, host.Users.Services.GetRequiredService<AuthorityClient>(), TimeProvider.System);

    private async Task<User> GetUserAsync(string token, string userId) =>
        (await new UsersService.UsersServiceClient(host.Users.Channel).GetUserAsync(new() { UserId = userId }, Bearer(token))).User;
}
