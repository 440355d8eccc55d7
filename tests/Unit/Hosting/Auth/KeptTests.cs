using System.Net;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>What a process keeps of the authority, and starts from while that is away.</summary>
public sealed class KeptTests : IDisposable
{
    private readonly string directory = Path.Combine(Path.GetTempPath(), $"kept-{Guid.NewGuid():N}");
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly TestAuthority authority;

    public KeptTests() => authority = new(time);

    private string KeysFile => Path.Combine(directory, "keys.json");

    [Fact]
    public async Task A_process_starts_from_the_keys_that_were_kept_when_the_authority_is_away()
    {
        await NewKeys(authority.KeySet).StartAsync("Auth:KeysAddress");
        var next = NewKeys(null);
        await next.StartAsync("Auth:KeysAddress");

        Assert.NotNull(await next.FindAsync(authority.KeyId, default));
        // Nobody else reads them, and nothing is left over.
        Assert.Equal([KeysFile], Directory.GetFiles(directory));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeysFile));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.0)]
    [InlineData(1.0, "http://elsewhere.test/")]
    public async Task What_is_torn_or_of_another_authority_is_ignored(double part, string? of = null)
    {
        await NewKeys(authority.KeySet, of).StartAsync("Auth:KeysAddress");
        var whole = await File.ReadAllTextAsync(KeysFile);
        await File.WriteAllTextAsync(KeysFile, whole[..(int)(part * whole.Length)]);

        var log = new LastLine();
        var next = NewKeys(null, log: log);
        await next.StartAsync("Auth:KeysAddress");

        Assert.False(next.IsKnown);
        Assert.StartsWith($"{KeysFile}, which was kept for when the authority is away, is ignored: ", log.Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_starts_with_its_own_token_that_was_kept_until_that_expires()
    {
        var token = authority.Sign(authority.Claims("orders", "orders", ["workload"], []));
        await RunAsync(NewToken("orders", token));

        var next = NewToken("orders", null);
        next.Start();
        Assert.Equal(token, await next.TokenAsync(default));
        await RunAsync(next);
        Assert.Equal(token, await next.TokenAsync(default));
        // It is nobody else's.
        File.Copy(Path.Combine(directory, "orders.token.json"), Path.Combine(directory, "gateway.token.json"));
        var other = NewToken("gateway", null);
        other.Start();
        await RunAsync(other);
        await Assert.ThrowsAsync<RpcException>(() => other.TokenAsync(default).AsTask());

        time.Advance(TimeSpan.FromMinutes(5));
        await Assert.ThrowsAsync<RpcException>(() => next.TokenAsync(default).AsTask());
        var late = NewToken("orders", null);
        late.Start();
        await RunAsync(late);
        await Assert.ThrowsAsync<RpcException>(() => late.TokenAsync(default).AsTask());
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_harms_nothing()
    {
        var keys = new KeySet(new Source(authority.KeySet), new Kept(new AuthOptions { KeptIn = "/proc/nowhere" }, NullLogger<Kept>.Instance), time, NullLogger<KeySet>.Instance);
        await keys.StartAsync("Auth:KeysAddress");
        Assert.True(keys.IsKnown);
    }

    public void Dispose()
    {
        authority.Dispose();
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    // One attempt, and then it stops.
    private static async Task RunAsync(RenewedToken token)
    {
        using var stop = new CancellationTokenSource();
        var running = token.RunAsync(stop.Token);
        await stop.CancelAsync();
        await running;
    }

    private Kept NewKept(string? of = null, ILogger<Kept>? log = null) =>
        new(new AuthOptions { KeptIn = directory, Authority = of ?? TestAuthority.Issuer }, log ?? NullLogger<Kept>.Instance);

    private KeySet NewKeys(string? json, string? of = null, ILogger<Kept>? log = null) => new(new Source(json), NewKept(of, log), time, NullLogger<KeySet>.Instance);

    private RenewedToken NewToken(string name, string? token) => new(new Authority(name, token, time), NewKept(), time, NullLogger<RenewedToken>.Instance);

    private sealed class LastLine : ILogger<Kept>
    {
        public string Line { get; private set; } = "";

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Line = formatter(state, exception);
    }

    private sealed class Authority(string name, string? token, TimeProvider time) : TokenRequests(new AuthOptions(), name, null!, time)
    {
        internal override Task<TokenAnswer> SendOwnAsync(CancellationToken cancellationToken) =>
            token is null ? throw new HttpRequestException("Connection refused") : Task.FromResult(new TokenAnswer(HttpStatusCode.OK, token, TimeSpan.FromMinutes(5), null));
    }

    private sealed class Source(string? json) : KeySource
    {
        public override bool IsLocal => false;

        public override TimeSpan Period { get; } = TimeSpan.FromMinutes(5);

        public override TimeSpan MinPeriod { get; } = TimeSpan.FromSeconds(30);

        public override string Name => "the authority";

        public override Task<string> ReadAsync() => json is null ? throw new HttpRequestException("Connection refused") : Task.FromResult(json);
    }
}
