using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Users;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What goes on while Identity is stopped.</summary>
public sealed class AuthorityAwayTests(WorkloadHost host) : IClassFixture<WorkloadHost>
{
    [Fact]
    public async Task Tokens_in_hand_work_also_at_a_new_replica_that_starts_from_the_keys_that_were_kept()
    {
        var (browser, _) = await host.NewAccountAsync();
        var token = (await host.LogInAsync(browser, Tokens.Authorize("openid users.read"))).Text("access_token");
        await GetAsync(host.Users, token);

        await host.Identity.DisposeAsync();

        await GetAsync(host.Users, token);
        await using var replica = await host.StartUsersAsync();
        await GetAsync(replica, token);
        // One that has kept nothing knows no keys.
        await using var bare = await host.StartUsersAsync(("Auth:KeptIn", host.Elsewhere));
        await Errors.FailsAsync(StatusCode.Unavailable, GetCall(bare, token));
    }

    private static async Task GetAsync(ServiceHost<UsersDbContext> users, string token) => Assert.Equal("Ada Lovelace", (await GetCall(users, token)).User.DisplayName);

    private static AsyncUnaryCall<GetUserResponse> GetCall(ServiceHost<UsersDbContext> users, string token) => new Microservices.Users.V1.UsersService.UsersServiceClient(users.Channel).GetUserAsync(
        new() { UserId = Tokens.Claims(token).Text("sub") }, new Metadata { { "authorization", $"Bearer {token}" } });
}
