using System.Net;
using Grpc.Core;
using Microservices.Hosting.Auth;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>The token that a process gets by its key: renewed in time, and used for as long as it is valid, whatever becomes of the authority.</summary>
public sealed class RenewedTokenTests : IAsyncDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private readonly Clock time = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Authority authority;
    private readonly RenewedToken token;
    private readonly Task running;

    public RenewedTokenTests()
    {
        authority = new(time);
        token = new(authority, new Kept(new AuthOptions(), NullLogger<Kept>.Instance), time, NullLogger<RenewedToken>.Instance);
        running = token.RunAsync(stop.Token);
    }

    [Fact]
    public async Task It_is_renewed_when_80_percent_of_its_lifetime_are_over_and_not_before()
    {
        authority.Answer("first");
        Assert.Equal("first", await token.TokenAsync(default));

        await WaitsAsync(1);
        time.Advance(0.8 * Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(1, authority.Asked);
        time.Advance(TimeSpan.FromSeconds(1));
        await AskedAsync(2);
        // While the answer takes its time, and after it.
        Assert.Equal("first", await token.TokenAsync(default));
        authority.Answer("second");
        await Eventually.UntilAsync(async () => await token.TokenAsync(default) == "second", "the new token is used");
    }

    [Fact]
    public async Task Calls_wait_for_the_first_one_while_the_authority_starts_too()
    {
        var waiting = Enumerable.Range(0, 100).Select(_ => token.TokenAsync(default).AsTask()).ToList();
        authority.Fail();
        await WaitsAsync(1);
        time.Advance(TimeSpan.FromSeconds(1));
        await AskedAsync(2);
        Assert.All(waiting, call => Assert.False(call.IsCompleted));
        authority.Answer("first");
        Assert.All(await Task.WhenAll(waiting), given => Assert.Equal("first", given));
    }

    [Fact]
    public async Task Calls_are_unavailable_when_there_is_none_5_s_after_the_start()
    {
        var waiting = Enumerable.Range(0, 100).Select(_ => token.TokenAsync(default).AsTask()).ToList();
        authority.Fail();
        await WaitsAsync(1);
        time.Advance(TimeSpan.FromSeconds(5));
        await AskedAsync(2);
        Assert.All(waiting, call => Assert.False(call.IsCompleted));
        authority.Fail();
        foreach (var call in waiting)
            Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode);
        // At once, while nobody is asked.
        await Assert.ThrowsAsync<RpcException>(() => token.TokenAsync(default).AsTask());
        Assert.Equal(2, authority.Asked);
    }

    [Fact]
    public async Task A_call_that_waits_for_it_may_be_cancelled()
    {
        using var leaves = new CancellationTokenSource();
        var call = token.TokenAsync(leaves.Token).AsTask();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        authority.Answer("first");
        Assert.Equal("first", await token.TokenAsync(default));
    }

    [Fact]
    public async Task While_the_authority_is_away_the_last_one_is_used_until_it_expires_and_it_is_tried_again_with_a_growing_delay()
    {
        authority.Answer("first");
        Assert.Equal("first", await token.TokenAsync(default));
        authority.IsAway = true;
        await WaitsAsync(1);
        time.Advance(0.8 * Lifetime);
        await WaitsAsync(2);

        for (var second = 0; second < 59; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("first", await token.TokenAsync(default));
        }

        time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<RpcException>(() => token.TokenAsync(default).AsTask());
        // A wait of 1 s at most, so that there are not many, and always another one.
        Assert.InRange(authority.Asked, 2, 65);

        authority.IsAway = false;
        await Eventually.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(authority.IsAsked);
        }, "it is asked again");
        authority.Answer("second");
        Assert.Equal("second", await token.TokenAsync(default));
        Assert.False(running.IsCompleted);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        authority.IsAway = true;
        authority.Fail();
        await running;
        stop.Dispose();
    }

    // Else the time would pass before it is waited for.
    private Task WaitsAsync(int times) => Eventually.UntilAsync(() => time.Waits >= times, $"it waits for the {times}. time");

    private Task AskedAsync(int times) => Eventually.UntilAsync(() => Task.FromResult(authority.Asked == times), $"it is asked {times} times");

    private sealed class Clock : FakeTimeProvider
    {
        private volatile int waits;

        public int Waits => waits;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            waits++;
            return timer;
        }
    }

    private sealed class Authority(TimeProvider time) : TokenRequests(new AuthOptions(), "orders", null!, time)
    {
        private TaskCompletionSource<TokenAnswer> answer = New();
        private volatile int asked;

        public int Asked => asked;

        public bool IsAsked { get; private set; }

        public bool IsAway { get; set; }

        public void Answer(string token) => Interlocked.Exchange(ref answer, New()).SetResult(new(HttpStatusCode.OK, token, Lifetime, null));

        public void Fail() => Interlocked.Exchange(ref answer, New()).TrySetException(new HttpRequestException("Connection refused"));

        internal override Task<TokenAnswer> SendOwnAsync(CancellationToken cancellationToken)
        {
            // Before it is seen that this was asked.
            var next = Volatile.Read(ref answer).Task;
            IsAsked = !IsAway;
            asked++;
            return IsAway ? throw new HttpRequestException("Connection refused") : next.WaitAsync(cancellationToken);
        }

        private static TaskCompletionSource<TokenAnswer> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
