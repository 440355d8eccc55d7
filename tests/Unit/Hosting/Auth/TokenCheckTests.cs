using System.Text.Json.Nodes;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>Which tokens are accepted, and whose they are.</summary>
public sealed class TokenCheckTests : TokenChecks
{
    [Fact]
    public async Task A_token_of_the_authority_says_who_its_sender_is()
    {
        var principal = await AcceptedAsync(Authority.Person("ada", ["user", "operator", "unheard-of"], ["orders.read", "users.read"]));

        Assert.Equal("ada", principal.Subject);
        Assert.False(principal.IsWorkload);
        Assert.Equal(["operator", "user"], principal.Roles.Order());
        Assert.Equal(["orders.read", "users.read"], principal.Scopes.Order());
        Assert.Equal("login-1", principal.SessionId);
        Assert.Equal(Time.GetUtcNow().AddSeconds(305), principal.Expires);
    }

    [Fact]
    public async Task A_service_is_who_the_authority_says_is_one_and_no_user_who_is_called_like_it()
    {
        Assert.True((await AcceptedAsync(Authority.Workload("gateway"))).IsWorkload);
        Assert.False((await AcceptedAsync(Authority.Person("gateway"))).IsWorkload);
        Assert.False((await AcceptedAsync(Authority.Sign(Authority.Claims("gateway", "app", ["workload"], [])))).IsWorkload);
        Assert.False((await AcceptedAsync(Authority.Sign(Authority.Claims("gateway", "gateway", ["user"], [])))).IsWorkload);
        Assert.Empty((await AcceptedAsync(Authority.Sign(Authority.Claims("gateway", "gateway", ["workload", "operator"], [])))).Roles);
    }

    [Fact]
    public async Task Who_acts_for_a_user_is_no_operator_and_no_service()
    {
        var claims = Authority.Claims("gateway", "gateway", ["user", "operator", "workload"], ["orders.read"]);
        claims["act"] = new JsonObject { ["sub"] = "grace" };
        var principal = await AcceptedAsync(Authority.Sign(claims));
        Assert.False(principal.IsWorkload);
        Assert.Empty(principal.Roles);

        var view = Authority.Claims("ada", "console", ["user", "operator"], ["orders.read"]);
        view["act"] = new JsonObject { ["sub"] = "grace" };
        Assert.Equal(["user"], (await AcceptedAsync(Authority.Sign(view))).Roles);
    }

    [Theory]
    [InlineData("iss", "http://authority.test/")]
    [InlineData("iss", "http://elsewhere.test")]
    [InlineData("iss", null)]
    [InlineData("aud", "elsewhere")]
    [InlineData("aud", null)]
    [InlineData("sub", "")]
    [InlineData("sub", null)]
    [InlineData("exp", null)]
    public async Task A_token_from_elsewhere_for_somebody_else_or_without_what_it_needs_is_refused(string claim, string? value)
    {
        var claims = PersonClaims();
        if (value is null)
            claims.Remove(claim);
        else
            claims[claim] = value;
        await RefusedAsync(Authority.Sign(claims));
    }

    [Fact]
    public async Task A_token_may_be_for_several_audiences()
    {
        var claims = PersonClaims();
        claims["aud"] = new JsonArray("elsewhere", TestAuthority.Audience);
        await AcceptedAsync(Authority.Sign(claims));
        claims["aud"] = new JsonArray("elsewhere", "nowhere");
        await RefusedAsync(Authority.Sign(claims));
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("id+jwt")]
    [InlineData("logout+jwt")]
    [InlineData(null)]
    public async Task A_token_that_is_no_access_token_is_refused(string? type)
    {
        var header = Authority.Header();
        if (type is null)
            header.Remove("typ");
        else
            header["typ"] = type;
        await RefusedAsync(Authority.Sign(PersonClaims(), header));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8 * 1024 + 1)]
    [InlineData(64 * 1024)]
    public async Task What_is_too_long_or_nothing_is_refused_unread(int length) => await RefusedAsync(new string('a', length));

    [Theory]
    [InlineData("a")]
    [InlineData("..")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.e30")]
    [InlineData("e30.e30.e30.e30.e30")]
    [InlineData("\u0000.\u20ac.\ud83d")]
    public async Task What_is_no_token_is_refused(string text) => await RefusedAsync(text);

    [Fact]
    public async Task A_token_is_valid_until_it_expires_and_5_seconds_more_for_clocks_that_differ()
    {
        var token = Authority.Person("ada");
        Time.Advance(TimeSpan.FromSeconds(304));
        await AcceptedAsync(token);
        Time.Advance(TimeSpan.FromSeconds(1));
        // Both the one that was checked before and another.
        await RefusedAsync(token, "TOKEN_EXPIRED");
        var claims = PersonClaims();
        claims["exp"] = Time.GetUtcNow().ToUnixTimeSeconds() - 5;
        await RefusedAsync(Authority.Sign(claims), "TOKEN_EXPIRED");
    }

    [Fact]
    public async Task A_token_is_not_valid_before_its_time_but_for_5_seconds()
    {
        var claims = PersonClaims();
        claims["nbf"] = Time.GetUtcNow().ToUnixTimeSeconds() + 6;
        var token = Authority.Sign(claims);
        await RefusedAsync(token);
        Time.Advance(TimeSpan.FromSeconds(1));
        await AcceptedAsync(token);
    }

    [Fact]
    public async Task A_token_that_was_checked_is_not_checked_again()
    {
        var token = Authority.Person("ada");
        var first = await AcceptedAsync(token);
        Assert.Same(first, await AcceptedAsync(token));
        Assert.Equal(1, Cache.Count);
    }

    [Fact]
    public async Task A_token_that_was_refused_takes_no_memory()
    {
        await RefusedAsync(Stranger.Person("ada"));
        Assert.Equal(0, Cache.Count);
    }
}
