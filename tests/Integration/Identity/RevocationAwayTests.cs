using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What processes know of revocations while Identity is stopped.</summary>
public sealed class RevocationAwayTests(RevocationHost host) : IClassFixture<RevocationHost>
{
    [Fact]
    public async Task Without_Identity_processes_serve_and_start_and_those_that_knew_what_is_revoked_still_do()
    {
        var (browser, _) = await host.NewAccountAsync();
        var (bystander, _) = await host.NewAccountAsync();
        var (ended, good) = (await TokenAsync(browser), await TokenAsync(bystander));
        await browser.SubmitAsync("/account", ("everywhere", "false"));
        await Eventually.UntilAsync(async () => await ReasonAsync(host.Users, ended) == "TOKEN_REVOKED", "Users refuses");

        await host.Identity.DisposeAsync();

        Assert.Equal("TOKEN_REVOKED", await ReasonAsync(host.Users, ended));
        Assert.Equal("", await ReasonAsync(host.Users, good));
        await using var replica = await host.StartUsersAsync();
        Assert.Equal("", await ReasonAsync(replica, good));
    }

    private static async Task<string> ReasonAsync(ServiceHost<Microservices.Users.UsersDbContext> users, string token)
    {
        try
        {
            await RevocationHost.UsersOf(users, token).GetUserAsync(new() { UserId = Tokens.Claims(token).Text("sub") });
            return "";
        }
        catch (RpcException refused)
        {
            return refused.GetRpcStatus()!.Reason();
        }
    }

    private async Task<string> TokenAsync(Browser browser) => (await host.LogInAsync(browser, Tokens.Authorize("openid users.read"))).Text("access_token");
}
