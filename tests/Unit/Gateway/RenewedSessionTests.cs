using Microservices.Gateway.Bff;
using Microservices.Hosting.Auth;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

/// <summary>The token of one session: renewed once at a time, while whoever has a valid one goes on.</summary>
public sealed class RenewedSessionTests
{
    private readonly FakeTimeProvider time = new();
    private readonly List<TaskCompletionSource<SessionToken>> asked = [];
    private readonly RenewedSession session;

    public RenewedSessionTests() => session = new(new Revocations(TimeProvider.System), time);

    [Fact]
    public async Task However_many_ask_at_once_Identity_is_asked_once()
    {
        var all = Enumerable.Range(0, 100).Select(_ => GetAsync()).ToList();
        Assert.Single(asked);

        asked[0].SetResult(Token("first"));

        Assert.All(await Task.WhenAll(all), token => Assert.Equal("first", token.Token));
    }

    [Fact]
    public async Task Nobody_waits_for_the_next_token_while_the_one_in_hand_is_valid()
    {
        await FirstAsync();
        time.Advance(TimeSpan.FromSeconds(85));

        Assert.All(await Task.WhenAll(GetAsync(), GetAsync()), token => Assert.Equal("first", token.Token));
        Assert.Equal(2, asked.Count);
        asked[1].SetResult(Token("second"));
        Assert.Equal("second", (await GetAsync()).Token);
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public async Task Who_finds_it_expired_waits_for_the_next_one_and_may_give_up_alone()
    {
        await FirstAsync();
        time.Advance(TimeSpan.FromSeconds(100));
        using var impatient = new CancellationTokenSource();

        var waits = GetAsync();
        var gone = GetAsync(impatient.Token);
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.False(waits.IsCompleted);
        asked[1].SetResult(Token("second"));
        Assert.Equal("second", (await waits).Token);
    }

    [Fact]
    public async Task While_Identity_is_away_a_valid_token_is_used_and_Identity_is_asked_once_a_second()
    {
        await FirstAsync();
        time.Advance(TimeSpan.FromSeconds(85));
        await GetAsync();
        asked[1].SetResult(new(null, BffErrors.IdentityUnavailable, time.GetUtcNow() + TimeSpan.FromSeconds(1), default));

        Assert.Equal("first", (await GetAsync()).Token);
        Assert.Equal(2, asked.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("first", (await GetAsync()).Token);
        Assert.Equal(3, asked.Count);
    }

    [Fact]
    public async Task That_it_has_ended_is_known_at_once_and_kept()
    {
        await FirstAsync();
        time.Advance(TimeSpan.FromSeconds(85));
        await GetAsync();
        asked[1].SetResult(new(null, BffErrors.SessionEnded, time.GetUtcNow() + TimeSpan.FromSeconds(30), default));

        for (var i = 0; i < 100; i++)
            Assert.Equal(BffErrors.SessionEnded, (await GetAsync()).Error);
        Assert.Equal(2, asked.Count);
    }

    private async Task FirstAsync()
    {
        var first = GetAsync();
        asked[0].SetResult(Token("first"));
        await first;
    }

    private SessionToken Token(string token) => new(token, null, time.GetUtcNow() + TimeSpan.FromSeconds(80), time.GetUtcNow() + TimeSpan.FromSeconds(100));

    private Task<SessionToken> GetAsync(CancellationToken cancellationToken = default) => session.GetAsync(
        () =>
        {
            asked.Add(new());
            return asked[^1].Task;
        }, cancellationToken).AsTask();
}
