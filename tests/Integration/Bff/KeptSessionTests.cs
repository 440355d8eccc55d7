using Microservices.Identity;
using Microservices.Persistence;
using Microservices.Tests.Integration.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microservices.Tests.Integration.Bff;

/// <summary>What Identity keeps of sessions, on both databases.</summary>
public abstract class KeptSessionTests(BffHost host)
{
    [SkippableFact]
    public async Task A_session_says_who_asks_at_every_replica_and_lets_nobody_see_what_is_anothers()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var (_, other) = await host.NewSessionAsync();
        using var elsewhere = BffHost.At(host.Replica, browser);

        foreach (var at in (Browser[])[browser, elsewhere])
        {
            var (status, user) = await at.ApiAsync("GET", "/bff/user");
            Assert.Equal((200, userId, """["user"]"""), (status, user.Text("userId"), user["roles"]!.ToJsonString()));
            (status, user) = await at.ApiAsync("GET", $"/v1/users/{userId}", null, ("Sec-Fetch-Site", "same-origin"));
            Assert.Equal((200, "Ada Lovelace"), (status, user.Text("displayName")));
            Assert.Equal((403, "NOT_YOURS"), await BffCalls.ReasonAsync(at.ApiAsync("GET", $"/v1/users/{other}")));
        }
    }

    [SkippableFact]
    public async Task A_session_that_is_not_used_ends_and_one_that_is_used_ends_later()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var first = await ExpireTimeAsync(userId);
        Assert.InRange(first, DateTimeOffset.UtcNow.AddHours(23), DateTimeOffset.UtcNow.AddHours(25));

        using (var elsewhere = BffHost.At(host.Replica, browser))
            Assert.Equal(200, (await elsewhere.ApiAsync("GET", "/bff/user")).Status);
        Assert.True(await ExpireTimeAsync(userId) > first);

        await host.Database.WriteAsync(
            context => context.Sessions.Where(session => session.UserId == userId).ExecuteUpdateAsync(session => session.SetProperty(s => s.ExpireTime, DateTimeOffset.UtcNow)), default);
        await using var replica = host.NewGateway();
        using var late = BffHost.At(replica, browser);
        Assert.Equal((401, "SESSION_ENDED"), await BffCalls.ReasonAsync(late.ApiAsync("GET", "/bff/user")));
    }

    [SkippableFact]
    public async Task A_session_ends_after_its_longest_lifetime_however_much_it_is_used()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var lifetime = host.Identity.Services.GetRequiredService<IOptions<IdentityOptions>>().Value.SessionLifetime;
        var created = DateTimeOffset.UtcNow.ToMicroseconds() - lifetime + TimeSpan.FromHours(1);
        await host.Database.WriteAsync(
            context => context.Sessions.Where(session => session.UserId == userId).ExecuteUpdateAsync(session => session.SetProperty(s => s.CreateTime, created)), default);

        using var elsewhere = BffHost.At(host.Replica, browser);
        Assert.Equal(200, (await elsewhere.ApiAsync("GET", "/bff/user")).Status);

        Assert.Equal(created + lifetime, await ExpireTimeAsync(userId));
    }

    [SkippableFact]
    public async Task The_oldest_session_of_a_user_ends_when_there_are_too_many()
    {
        var (browser, userId) = await host.NewSessionAsync();
        var account = await host.Database.ReadAsync(context => context.Accounts.SingleAsync(a => a.UserId == userId), default);
        var sessions = host.Identity.Services.GetRequiredService<Sessions>();
        for (var i = 0; i < 100; i++)
            await sessions.BeginAsync(account, null, Origin.Process, default);

        using var elsewhere = BffHost.At(host.Replica, browser);

        Assert.Equal((401, "SESSION_ENDED"), await BffCalls.ReasonAsync(elsewhere.ApiAsync("GET", "/bff/user")));
        Assert.Equal(100, (await sessions.ListAsync(userId, default)).Count);
    }

    private Task<DateTimeOffset> ExpireTimeAsync(string userId) =>
        host.Database.ReadAsync(context => context.Sessions.Where(session => session.UserId == userId).Select(session => session.ExpireTime).SingleAsync(), default);
}

public sealed class KeptSessionOnSqliteTests(BffHost host) : KeptSessionTests(host), IClassFixture<BffHost>;

public sealed class KeptSessionOnPostgresTests(PostgresBffHost host) : KeptSessionTests(host.OrSkip()), IClassFixture<PostgresBffHost>;
