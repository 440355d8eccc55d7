using Microservices.Hosting.Auth;
using Microservices.Primitives;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>How the authority's keys are kept: never asked for more often than is right, and never lost.</summary>
public sealed class KeySetTests : IDisposable
{
    private static readonly Kept Nothing = new(new AuthOptions(), NullLogger<Kept>.Instance);
    private readonly FakeTimeProvider time = new();
    private readonly TestAuthority authority = new();
    private readonly Source source;
    private readonly KeySet keys;

    public KeySetTests()
    {
        source = new Source { Json = authority.KeySet };
        keys = new(source, Nothing, time, NullLogger<KeySet>.Instance);
    }

    [Fact]
    public async Task Keys_are_read_once_for_all_who_need_one()
    {
        source.Hold();
        var all = Enumerable.Range(0, 100).Select(_ => keys.FindAsync(authority.KeyId, default).AsTask()).ToList();
        source.Release();
        Assert.All(await Task.WhenAll(all), Assert.NotNull);
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public async Task Ten_thousand_unknown_keys_make_one_reading_in_30_seconds()
    {
        await keys.StartAsync("Auth:KeysAddress");
        for (var second = 0; second < 60; second++)
        {
            for (var i = 0; i < 1_000; i++)
                Assert.Null(await keys.FindAsync($"unknown-{i}", default));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, source.Reads);
    }

    [Fact]
    public async Task An_authority_that_takes_its_time_holds_up_nobody_whose_key_is_known()
    {
        await keys.StartAsync("Auth:KeysAddress");
        time.Advance(TimeSpan.FromMinutes(5));
        source.Hold();
        var unknown = keys.FindAsync("unknown", default).AsTask();

        for (var i = 0; i < 1_000; i++)
        {
            var known = keys.FindAsync(authority.KeyId, default).AsTask();
            Assert.True(known.IsCompleted);
            Assert.NotNull(await known);
        }

        Assert.False(unknown.IsCompleted);
        Assert.Equal(2, source.Reads);
        source.Release();
        Assert.Null(await unknown);
    }

    [Fact]
    public async Task A_key_that_is_new_is_found_when_30_seconds_have_passed()
    {
        await keys.StartAsync("Auth:KeysAddress");
        using var next = new TestAuthority();
        source.Json = next.KeySet;
        Assert.Null(await keys.FindAsync(next.KeyId, default));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull(await keys.FindAsync(next.KeyId, default));
        // It is no key any more.
        Assert.Null(await keys.FindAsync(authority.KeyId, default));
    }

    [Fact]
    public async Task Old_keys_are_read_anew_while_they_are_used()
    {
        await keys.StartAsync("Auth:KeysAddress");
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.NotNull(await keys.FindAsync(authority.KeyId, default));
        await Eventually.UntilAsync(() => Task.FromResult(source.Reads == 2), "the keys are read anew");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"keys":[]}""")]
    public async Task Keys_stay_when_the_authority_is_away_or_answers_nonsense(string? answer)
    {
        await keys.StartAsync("Auth:KeysAddress");
        source.Json = answer;
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.NotNull(await keys.FindAsync(authority.KeyId, default));
        Assert.Null(await keys.FindAsync("unknown", default));
        Assert.NotNull(await keys.FindAsync(authority.KeyId, default));
        Assert.True(keys.IsKnown);
    }

    [Fact]
    public async Task An_authority_that_comes_late_is_asked_again_each_second_at_most()
    {
        source.Json = null;
        await keys.StartAsync("Auth:KeysAddress");
        for (var i = 0; i < 100; i++)
            Assert.Null(await keys.FindAsync(authority.KeyId, default));
        Assert.False(keys.IsKnown);
        Assert.InRange(source.Reads, 1, 2);

        source.Json = authority.KeySet;
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await keys.FindAsync(authority.KeyId, default));
    }

    [Fact]
    public async Task A_caller_who_leaves_does_not_end_the_reading_for_others()
    {
        source.Hold();
        using var leaves = new CancellationTokenSource();
        var gone = keys.FindAsync(authority.KeyId, leaves.Token).AsTask();
        var stays = keys.FindAsync(authority.KeyId, default).AsTask();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        source.Release();
        Assert.NotNull(await stays);
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public async Task A_file_that_is_missing_or_wrong_stops_the_process_and_names_the_setting()
    {
        var missing = new KeySet(KeySource.Of(new AuthOptions { KeysFile = "/nowhere/keys.json" }, () => throw new InvalidOperationException("A file needs no authority")), Nothing, time, NullLogger<KeySet>.Instance);
        var refused = await Assert.ThrowsAsync<InvalidSettingException>(() => missing.StartAsync("Auth:KeysFile"));
        Assert.StartsWith("Auth:KeysFile must be a JSON Web Key Set with a key for ES256, but /nowhere/keys.json is not: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_a_private_key_is_refused()
    {
        var key = authority.PublicKey;
        key["d"] = key["x"]!.DeepClone();
        var refused = Assert.Throws<InvalidDataException>(() => SigningKeys.Parse($$"""{"keys":[{{key.ToJsonString()}}]}"""));
        Assert.Equal("it has a private key; hand out public ones only", refused.Message);
    }

    [Fact]
    public void Keys_for_other_uses_are_left_out()
    {
        var encrypts = authority.PublicKey;
        encrypts["use"] = "enc";
        encrypts["kid"] = "enc";
        var nameless = authority.PublicKey;
        nameless.Remove("kid");
        const string Symmetric = """{"kty":"oct","k":"AAAA","kid":"oct"}""";
        Assert.Throws<InvalidDataException>(() => SigningKeys.Parse($$"""{"keys":[{{encrypts.ToJsonString()}},{{nameless.ToJsonString()}}]}"""));
        Assert.Throws<InvalidDataException>(() => SigningKeys.Parse($$"""{"keys":[{{Symmetric}}]}"""));
        Assert.Equal(authority.KeyId, Assert.Single(SigningKeys.Parse($$"""{"keys":[{{encrypts.ToJsonString()}},{{authority.PublicKey.ToJsonString()}}]}""").Keys));
    }

    public void Dispose() => authority.Dispose();

    private sealed class Source : KeySource
    {
        private TaskCompletionSource gate = Released();

        public string? Json { get; set; }

        public int Reads { get; private set; }

        public override bool IsLocal => false;

        public override TimeSpan Period { get; } = TimeSpan.FromMinutes(5);

        public override TimeSpan MinPeriod { get; } = TimeSpan.FromSeconds(30);

        public override string Name => "the authority";

        public void Hold() => gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => gate.SetResult();

        public override async Task<string> ReadAsync()
        {
            Reads++;
            await gate.Task;
            return Json ?? throw new HttpRequestException("Connection refused");
        }

        private static TaskCompletionSource Released()
        {
            var gate = new TaskCompletionSource();
            gate.SetResult();
            return gate;
        }
    }
}
