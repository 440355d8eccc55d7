using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>Which tokens are accepted, and whose they are.</summary>
public sealed class TokenCheckTests : IDisposable
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
    private readonly TestAuthority authority;
    private readonly TestAuthority stranger;
    private readonly TokenCache cache;
    private readonly TokenCheck check;

    public TokenCheckTests()
    {
        (authority, stranger, cache) = (new(time), new(time), new(1 << 20, time));
        check = new(new KeySet(new StaticKeys(authority.KeySet), new Kept(new AuthOptions(), NullLogger<Kept>.Instance), time, NullLogger<KeySet>.Instance), cache,
            Options.Create(new AuthOptions { Authority = TestAuthority.Issuer, Audience = TestAuthority.Audience }), time);
    }

    [Fact]
    public async Task A_token_of_the_authority_says_who_its_sender_is()
    {
        var principal = await AcceptedAsync(authority.Person("ada", ["user", "operator", "unheard-of"], ["orders.read", "users.read"]));

        Assert.Equal("ada", principal.Subject);
        Assert.False(principal.IsWorkload);
        Assert.Equal(["operator", "user"], principal.Roles.Order());
        Assert.Equal(["orders.read", "users.read"], principal.Scopes.Order());
        Assert.Equal("login-1", principal.SessionId);
        Assert.Equal(time.GetUtcNow().AddSeconds(305), principal.Expires);
    }

    [Fact]
    public async Task A_service_is_who_the_authority_says_is_one_and_no_user_who_is_called_like_it()
    {
        Assert.True((await AcceptedAsync(authority.Workload("gateway"))).IsWorkload);
        Assert.False((await AcceptedAsync(authority.Person("gateway"))).IsWorkload);
        Assert.False((await AcceptedAsync(authority.Sign(authority.Claims("gateway", "app", ["workload"], [])))).IsWorkload);
        Assert.False((await AcceptedAsync(authority.Sign(authority.Claims("gateway", "gateway", ["user"], [])))).IsWorkload);
        Assert.Empty((await AcceptedAsync(authority.Sign(authority.Claims("gateway", "gateway", ["workload", "operator"], [])))).Roles);
    }

    [Fact]
    public async Task Who_acts_for_a_user_is_no_operator_and_no_service()
    {
        var claims = authority.Claims("gateway", "gateway", ["user", "operator", "workload"], ["orders.read"]);
        claims["act"] = new JsonObject { ["sub"] = "grace" };
        var principal = await AcceptedAsync(authority.Sign(claims));
        Assert.False(principal.IsWorkload);
        Assert.Empty(principal.Roles);

        var view = authority.Claims("ada", "console", ["user", "operator"], ["orders.read"]);
        view["act"] = new JsonObject { ["sub"] = "grace" };
        Assert.Equal(["user"], (await AcceptedAsync(authority.Sign(view))).Roles);
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
        await RefusedAsync(authority.Sign(claims));
    }

    [Fact]
    public async Task A_token_may_be_for_several_audiences()
    {
        var claims = PersonClaims();
        claims["aud"] = new JsonArray("elsewhere", TestAuthority.Audience);
        await AcceptedAsync(authority.Sign(claims));
        claims["aud"] = new JsonArray("elsewhere", "nowhere");
        await RefusedAsync(authority.Sign(claims));
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("id+jwt")]
    [InlineData("logout+jwt")]
    [InlineData(null)]
    public async Task A_token_that_is_no_access_token_is_refused(string? type)
    {
        var header = authority.Header();
        if (type is null)
            header.Remove("typ");
        else
            header["typ"] = type;
        await RefusedAsync(authority.Sign(PersonClaims(), header));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("")]
    public async Task A_token_without_a_signature_is_refused(string algorithm)
    {
        var header = authority.Header();
        header["alg"] = algorithm;
        var text = TestAuthority.SigningInput(header, PersonClaims());
        await RefusedAsync($"{text}.");
        await RefusedAsync(text);
        await RefusedAsync($"{TestAuthority.SigningInput(authority.Header(), PersonClaims())}.");
    }

    [Fact]
    public async Task A_token_signed_with_the_public_key_as_a_password_is_refused()
    {
        var header = authority.Header();
        header["alg"] = "HS256";
        var text = TestAuthority.SigningInput(header, PersonClaims());
        foreach (var secret in (string[])[authority.KeySet, authority.PublicKey.ToJsonString(), (string)authority.PublicKey["x"]!])
            await RefusedAsync($"{text}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(text)))}");
    }

    [Theory]
    [InlineData("jwk")]
    [InlineData("jku")]
    [InlineData("x5u")]
    public async Task A_key_that_the_token_brings_along_counts_for_nothing(string parameter)
    {
        var header = stranger.Header();
        header[parameter] = parameter == "jwk" ? stranger.PublicKey : "http://127.0.0.1:1/keys";
        await RefusedAsync(stranger.Sign(PersonClaims(), header));
        header["kid"] = authority.KeyId;
        await RefusedAsync(stranger.Sign(PersonClaims(), header));
    }

    [Fact]
    public async Task A_key_that_is_not_the_authoritys_or_not_named_signs_nothing()
    {
        await RefusedAsync(stranger.Sign(PersonClaims()));
        await RefusedAsync(stranger.Sign(PersonClaims(), authority.Header()));
        var header = authority.Header();
        header.Remove("kid");
        await RefusedAsync(authority.Sign(PersonClaims(), header));
    }

    [Fact]
    public async Task An_extension_that_must_be_understood_is_not()
    {
        var header = authority.Header();
        header["crit"] = new JsonArray("exp");
        await RefusedAsync(authority.Sign(PersonClaims(), header));
    }

    [Fact]
    public async Task Not_a_bit_of_a_token_may_be_another()
    {
        var token = authority.Person("ada");
        for (var i = 0; i < token.Length; i++)
        {
            var other = token.ToCharArray();
            other[i] = other[i] == 'A' ? 'B' : 'A';
            // What the last character of base64 has beyond the last byte is padding.
            if (i + 1 == token.Length || token[i + 1] == '.')
                continue;
            Assert.NotNull((await check.CheckAsync(other, default)).Error);
        }
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
        var token = authority.Person("ada");
        time.Advance(TimeSpan.FromSeconds(304));
        await AcceptedAsync(token);
        time.Advance(TimeSpan.FromSeconds(1));
        // Both the one that was checked before and another.
        await RefusedAsync(token, "TOKEN_EXPIRED");
        var claims = PersonClaims();
        claims["exp"] = time.GetUtcNow().ToUnixTimeSeconds() - 5;
        await RefusedAsync(authority.Sign(claims), "TOKEN_EXPIRED");
    }

    [Fact]
    public async Task A_token_is_not_valid_before_its_time_but_for_5_seconds()
    {
        var claims = PersonClaims();
        claims["nbf"] = time.GetUtcNow().ToUnixTimeSeconds() + 6;
        var token = authority.Sign(claims);
        await RefusedAsync(token);
        time.Advance(TimeSpan.FromSeconds(1));
        await AcceptedAsync(token);
    }

    [Fact]
    public async Task A_token_that_was_checked_is_not_checked_again()
    {
        var token = authority.Person("ada");
        var first = await AcceptedAsync(token);
        Assert.Same(first, await AcceptedAsync(token));
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public async Task A_token_that_was_refused_takes_no_memory()
    {
        await RefusedAsync(stranger.Person("ada"));
        Assert.Equal(0, cache.Count);
    }

    public void Dispose()
    {
        authority.Dispose();
        stranger.Dispose();
        cache.Dispose();
    }

    private JsonObject PersonClaims() => authority.Claims("ada", "app", ["user"], ["orders.read"]);

    private async Task<Principal> AcceptedAsync(string token)
    {
        var outcome = await check.CheckAsync(token, default);
        Assert.Null(outcome.Error);
        return outcome.Principal!;
    }

    private async Task RefusedAsync(string token, string reason = "TOKEN_INVALID")
    {
        var outcome = await check.CheckAsync(token, default);
        Assert.Null(outcome.Principal);
        Assert.Equal((int)StatusCode.Unauthenticated, outcome.Error!.Code);
        Assert.Equal(reason, outcome.Error.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
    }
}
