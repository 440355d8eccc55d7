using Grpc.Core;
using Microservices.Tests.Support;

namespace Microservices.Tests.Integration.Streaming;

/// <summary>Identical calls in flight for one principal are one call.</summary>
public sealed class SharedCallTests
{
    [Fact]
    public async Task A_thousand_identical_cold_requests_are_one_call()
    {
        await using var host = await UsersHost.StartAsync();
        await using var client = new UsersClient([host]);

        host.Backend.HoldAnswers();

        var asked = Enumerable.Range(0, 1000).Select(_ => client.LookupAsync("same", new() { Token = "p" })).ToArray();
        host.Backend.Release();
        var users = await Task.WhenAll(asked);

        Assert.All(users, u => Assert.Equal("same", u.UserId));
        Assert.Equal(1, host.Backend.Calls);
        Assert.Equal(999, client.Counter("shared"));
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Who_must_see_what_was_written_joins_no_call_that_began_before_and_is_joined_by_those_after()
    {
        await using var host = await UsersHost.StartAsync();
        await using var client = new UsersClient([host]);
        host.Backend.HoldAnswers();

        var before = client.LookupAsync("same");
        await Eventually.UntilAsync(() => host.Backend.Calls == 1, "the first call is being handled");
        var written = TimeProvider.System.GetTimestamp();
        var after = client.LookupAsync("same", new() { NotBefore = written });
        await Eventually.UntilAsync(() => host.Backend.Calls == 2, "the second call is being handled");
        var joined = new[] { client.LookupAsync("same", new() { NotBefore = written }), client.LookupAsync("same") };
        host.Backend.Release();

        Assert.All(await Task.WhenAll([before, after, .. joined]), user => Assert.Equal("same", user.UserId));
        Assert.Equal(2, host.Backend.Calls);
        Assert.Equal(2, client.Counter("shared"));
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Calls_of_different_principals_or_different_questions_never_share()
    {
        await using var host = await UsersHost.StartAsync(options: ("MaxConcurrentBatches", "1024"));
        await using var client = new UsersClient([host]);

        host.Backend.HoldAnswers();

        var calls = Enumerable.Range(0, 300).Select(i => client.LookupAsync(i % 2 == 0 ? "a" : "b", new() { Token = (i % 3) switch { 0 => null, 1 => "p", _ => "q" } })).ToList();
        await Eventually.UntilAsync(() => host.Backend.Calls == 6, "the calls are being handled");
        host.Backend.Release();
        await Task.WhenAll(calls);

        Assert.Equal(6, host.Backend.Calls);
    }

    [Fact]
    public async Task When_the_leader_hangs_up_the_followers_are_answered_and_when_all_have_the_call_is_cancelled()
    {
        await using var host = await UsersHost.StartAsync();
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Backend.Handle = async (batch, token) =>
        {
            await using var registration = token.Register(() => cancelled.TrySetResult());
            if (batch[0].Message.UserId == "all leave")
                await cancelled.Task;
            await host.Backend.Gate;
            batch.AnswerEach(Backend.AnswerTo);
        };
        await using var client = new UsersClient([host]);
        using var leaver = new CancellationTokenSource();
        var leader = client.LookupAsync("u", cancellationToken: leaver.Token);
        var followers = Enumerable.Range(0, 10).Select(_ => client.LookupAsync("u")).ToArray();
        await Eventually.UntilAsync(() => host.Backend.Calls == 1, "the call is being handled");

        await leaver.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leader);
        host.Backend.Release();
        await Task.WhenAll(followers);
        Assert.False(cancelled.Task.IsCompleted);

        using var all = new CancellationTokenSource();
        var leaving = Enumerable.Range(0, 10).Select(_ => client.LookupAsync("all leave", cancellationToken: all.Token)).ToArray();
        await Eventually.UntilAsync(() => host.Backend.Calls == 2, "the second call is being handled");
        await all.CancelAsync();
        await cancelled.Task.WaitAsync(Eventually.Timeout);
        await Task.WhenAll(leaving.Select(l => Assert.ThrowsAnyAsync<OperationCanceledException>(() => l)));
        await client.NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_follower_with_more_time_is_not_held_to_the_deadline_of_the_leader()
    {
        await using var host = await UsersHost.StartAsync();
        var leaderEnded = new TaskCompletionSource();
        host.Backend.Handle = async (batch, token) =>
        {
            // After the call that warms up, the first try is only ended by its deadline. The service may see that a moment before the leader
            // does, which would still take the answer to the second.
            if (host.Backend.Calls == 2)
                await Task.Delay(Timeout.Infinite, token);
            else if (host.Backend.Calls > 2)
                await leaderEnded.Task.WaitAsync(token);
            batch.AnswerEach(Backend.AnswerTo);
        };
        await using var client = new UsersClient([host]);
        await client.LookupAsync("warm");
        var leader = client.LookupAsync("u", new() { Timeout = TimeSpan.FromMilliseconds(300) });
        var follower = client.LookupAsync("u");

        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => leader)).StatusCode);
        leaderEnded.SetResult();
        Assert.Equal("u", (await follower).UserId);
        await client.NothingIsLeftAsync();
    }
}
