using System.Collections.Frozen;
using Google.Protobuf.WellKnownTypes;
using Microservices.Hosting.Auth;
using Microservices.Identity.V1;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>Which tokens a process knows to be revoked.</summary>
public sealed class RevocationsTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Revocations revocations;

    public RevocationsTests() => revocations = new(time);

    [Fact]
    public void Of_a_session_all_tokens_are_revoked_and_of_a_user_those_of_before()
    {
        revocations.Add(Told(new Revocation { UserId = "ada", SessionId = "s1" }, new Revocation { UserId = "bob" }));

        Assert.True(revocations.Include(Caller("ada", "s1", TimeSpan.FromMinutes(1))));
        Assert.False(revocations.Include(Caller("ada", "s2", -TimeSpan.FromMinutes(1))));
        Assert.True(revocations.Include(Caller("bob", "s3", -TimeSpan.FromSeconds(1))));
        Assert.False(revocations.Include(Caller("bob", "s3", TimeSpan.Zero)));
        // Who acts for somebody does so by tokens of its own.
        Assert.True(revocations.Include(Caller("eve", "s4", -TimeSpan.FromSeconds(1), actor: "bob")));
        // A service has no session, and may be called like a user.
        Assert.False(revocations.Include(Caller("bob", null, -TimeSpan.FromSeconds(1), isWorkload: true)));
    }

    [Fact]
    public void They_are_forgotten_when_their_tokens_have_expired()
    {
        revocations.Add(Told(new Revocation { UserId = "ada", SessionId = "s1" }));
        time.Advance(Lifetime);
        revocations.Add(Told(new Revocation { UserId = "bob" }));
        time.Advance(TimeSpan.FromSeconds(1));

        revocations.Forget();

        Assert.Equal(1, revocations.Count);
    }

    [Fact]
    public void There_are_no_more_of_them_than_the_bound_and_those_that_are_there_go_on()
    {
        for (var i = 0; i < Revocations.MaxEntries; i++)
            Assert.True(revocations.Add(Told(new Revocation { UserId = "mallory", SessionId = $"s{i}" })));

        Assert.False(revocations.Add(Told(new Revocation { UserId = "ada", SessionId = "one-more" })));
        Assert.True(revocations.Add(Told(new Revocation { UserId = "mallory", SessionId = "s0" })));

        Assert.Equal(Revocations.MaxEntries, revocations.Count);
        Assert.True(revocations.Include(Caller("mallory", "s7", TimeSpan.Zero)));
    }

    [Fact]
    public void Nothing_is_allocated_to_ask()
    {
        var caller = Caller("ada", "s1", TimeSpan.Zero);
        revocations.Add(Told(new Revocation { UserId = "bob" }));
        revocations.Include(caller);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1_000; i++)
            revocations.Include(caller);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task Whoever_waits_learns_of_more()
    {
        var changed = revocations.Changed;

        revocations.Add(new WatchRevocationsResponse());
        Assert.False(changed.IsCompleted);
        revocations.Add(Told(new Revocation { UserId = "bob" }));

        await changed;
        Assert.False(revocations.Changed.IsCompleted);
    }

    private WatchRevocationsResponse Told(params Revocation[] all)
    {
        var now = time.GetUtcNow();
        foreach (var revocation in all)
            (revocation.NotBefore, revocation.ExpireTime) = (now.ToTimestamp(), (now + Lifetime).ToTimestamp());
        return new WatchRevocationsResponse { Revocations = { all } };
    }

    private Principal Caller(string subject, string? session, TimeSpan issued, string? actor = null, bool isWorkload = false) => new()
    {
        Subject = subject,
        SessionId = session,
        Actor = actor,
        IsWorkload = isWorkload,
        Roles = FrozenSet<string>.Empty,
        Scopes = FrozenSet<string>.Empty,
        IssuedAt = time.GetUtcNow() + issued,
        Expires = time.GetUtcNow() + Lifetime,
    };
}
