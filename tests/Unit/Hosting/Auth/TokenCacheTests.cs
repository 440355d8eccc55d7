using System.Collections.Frozen;
using System.Globalization;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>What checked tokens take, however many there are. Alone, since the memory of the whole process is measured.</summary>
[CollectionDefinition(nameof(TokenCacheTests), DisableParallelization = true)]
[Collection(nameof(TokenCacheTests))]
public sealed class TokenCacheTests
{
    private static readonly FrozenSet<string> Scopes = ["orders.read", "users.read"];
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void A_million_tokens_take_no_more_memory_than_they_may()
    {
        const int MaxBytes = 8 << 20;
        using var cache = new TokenCache(MaxBytes, time);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < 1_000_000; i++)
            cache.Add(string.Create(CultureInfo.InvariantCulture, $"{i:D900}"), Ada());

        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        // Less, where what was garbage before has gone.
        Assert.InRange(taken, long.MinValue, 2 * MaxBytes);
        Assert.InRange(cache.Count, 100, MaxBytes / 600);
    }

    [Fact]
    public async Task Tokens_that_were_checked_take_no_more_memory_than_they_may()
    {
        const int MaxBytes = 2 << 20;
        using var authority = new TestAuthority(time);
        using var cache = new TokenCache(MaxBytes, time);
        var check = new TokenCheck(new KeySet(new StaticKeys(authority.KeySet), new Kept(new AuthOptions(), NullLogger<Kept>.Instance), time, NullLogger<KeySet>.Instance), cache,
            Options.Create(new AuthOptions { Authority = TestAuthority.Issuer, Audience = TestAuthority.Audience }), time);
        string[] tokens = [.. Enumerable.Range(0, 10_000).Select(i => authority.Person(string.Create(CultureInfo.InvariantCulture, $"user-{i}")))];
        Assert.NotNull((await check.CheckAsync(tokens[0], default)).Principal);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        foreach (var token in tokens)
            Assert.NotNull((await check.CheckAsync(token, default)).Principal);

        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        // With what the process keeps besides, as above; without the bound it is many times that.
        Assert.InRange(taken, long.MinValue, 2 * MaxBytes);
        Assert.InRange(cache.Count, 100, MaxBytes / 600);
    }

    [Fact]
    public void Who_sent_a_token_is_found_by_the_whole_of_it()
    {
        using var cache = new TokenCache(1 << 20, time);
        var ada = Ada();
        cache.Add("token", ada);
        Assert.Same(ada, cache.Find("token"));
        Assert.Null(cache.Find("toke"));
        Assert.Null(cache.Find("Token"));
        Assert.Null(cache.Find(""));
    }

    [Fact]
    public void A_token_that_has_expired_is_not_found()
    {
        using var cache = new TokenCache(1 << 20, time);
        cache.Add("token", Ada());
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(cache.Find("token"));
        cache.Add("late", Ada(expired: true));
        Assert.Null(cache.Find("late"));
    }

    [Fact]
    public void To_find_a_token_takes_no_memory()
    {
        using var cache = new TokenCache(1 << 20, time);
        // As long as those of the suite's authority may be.
        var token = new string('a', 900);
        cache.Add(token, Ada());
        _ = cache.Find(token);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            _ = cache.Find(token);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    private Principal Ada(bool expired = false) => new()
    {
        Subject = "ada",
        IsWorkload = false,
        Roles = [],
        Scopes = Scopes,
        Expires = time.GetUtcNow() + (expired ? TimeSpan.Zero : TimeSpan.FromMinutes(5)),
        SessionId = "login-1",
    };
}
