using System.Text.Json.Nodes;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>What tests of tokens share: an authority whose tokens are accepted, one whose tokens are not, and a clock.</summary>
public abstract class TokenChecks : IDisposable
{
    private readonly TokenCheck check;

    private protected TokenChecks()
    {
        (Authority, Stranger, Cache) = (new(Time), new(Time), new(1 << 20, Time));
        check = new(new KeySet(new StaticKeys(Authority.KeySet), new Kept(new AuthOptions(), NullLogger<Kept>.Instance), Time, NullLogger<KeySet>.Instance), Cache,
            Options.Create(new AuthOptions { Authority = TestAuthority.Issuer, Audience = TestAuthority.Audience }), Time);
    }

    private protected FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    private protected TestAuthority Authority { get; }

    private protected TestAuthority Stranger { get; }

    private protected TokenCache Cache { get; }

    public void Dispose()
    {
        Authority.Dispose();
        Stranger.Dispose();
        Cache.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected JsonObject PersonClaims() => Authority.Claims("ada", "app", ["user"], ["orders.read"]);

    private protected async Task<Principal> AcceptedAsync(string token)
    {
        var outcome = await check.CheckAsync(token, default);
        Assert.Null(outcome.Error);
        return outcome.Principal!;
    }

    private protected async Task RefusedAsync(string token, string reason = "TOKEN_INVALID")
    {
        var outcome = await check.CheckAsync(token, default);
        Assert.Null(outcome.Principal);
        Assert.Equal((int)StatusCode.Unauthenticated, outcome.Error!.Code);
        Assert.Equal(reason, outcome.Error.GetDetail<Google.Rpc.ErrorInfo>()!.Reason);
    }
}
