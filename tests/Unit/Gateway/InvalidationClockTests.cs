using System.Threading.Channels;
using Grpc.Core;
using Microservices.Gateway;
using Microservices.Gateway.Overviews;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Microservices.Tests.Unit.Gateway;

/// <summary>What is given without asking is current, but for what may have changed within the bound.</summary>
public sealed class InvalidationClockTests
{
    private readonly FakeTimeProvider time = new();
    private readonly GatewayOptions options = new() { MaxUnverified = TimeSpan.FromSeconds(1) };
    private readonly InvalidationClock<string> changes;
    private readonly ResponseCache<string> known;

    public InvalidationClockTests()
    {
        changes = new(Options.Create(options), time);
        known = new(changes, Options.Create(options), time);
    }

    [Fact]
    public void An_answer_is_current_as_long_as_all_changes_were_heard_and_none_was_its_users()
    {
        var answer = Keep("ada");
        Assert.Null(known.FindCurrent("ada", 10));

        changes.Verify(time.GetTimestamp());
        Assert.Same(answer, known.FindCurrent("ada", 10));
        Assert.Null(known.FindCurrent("ada", 5));
        Assert.Null(known.FindCurrent("bob", 10));

        time.Advance(options.MaxUnverified);
        Assert.Same(answer, known.FindCurrent("ada", 10));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(known.FindCurrent("ada", 10));
        Assert.Same(answer, known.Find("ada", 10));

        changes.Verify(time.GetTimestamp());
        Assert.Same(answer, known.FindCurrent("ada", 10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_has_changed_is_asked_for_again_and_then_current(bool all)
    {
        Keep("ada");
        changes.Verify(time.GetTimestamp());
        if (all)
            changes.InvalidateAll();
        else
            changes.Invalidate("ada");

        Assert.Null(known.FindCurrent("ada", 10));
        Assert.Same(Keep("ada"), known.FindCurrent("ada", 10));
    }

    [Fact]
    public void Two_changes_in_the_same_instant_are_two()
    {
        changes.Verify(time.GetTimestamp());
        changes.Invalidate("ada");
        Keep("ada");
        changes.Invalidate("ada");
        Assert.Null(known.FindCurrent("ada", 10));
    }

    [Fact]
    public void An_answer_that_was_asked_for_before_a_change_was_heard_is_not_current_when_it_comes_after_that()
    {
        changes.Verify(time.GetTimestamp());
        var askedFrom = known.AskedFrom("ada");
        changes.Invalidate("ada");
        known.Keep("ada", 10, new Answer<string>("it", 1, 10), askedFrom);
        Assert.Null(known.FindCurrent("ada", 10));
    }

    [Fact]
    public void Its_age_counts_from_when_it_was_last_known_to_be_current()
    {
        Keep("ada");
        time.Advance(TimeSpan.FromSeconds(30));
        changes.Verify(time.GetTimestamp());
        known.FindCurrent("ada", 10);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(5), known.FindStale("ada", 10, TimeSpan.FromSeconds(60))?.Age);
    }

    [Fact]
    public void What_is_given_without_asking_stays_although_others_come()
    {
        options.MaxCachedBytes = 1_000_000;
        var few = new ResponseCache<string>(changes, Options.Create(options), time);
        changes.Verify(time.GetTimestamp());
        var answer = new Answer<string>("it", 1, 1_000);
        few.Keep("ada", 10, answer, few.AskedFrom("ada"));
        for (var i = 0; i < 10_000; i++)
        {
            few.Keep($"u{i}", 10, new Answer<string>("it", 1, 1_000), few.AskedFrom($"u{i}"));
            Assert.Same(answer, few.FindCurrent("ada", 10));
        }
    }

    [Fact]
    public void Nothing_is_given_without_asking_when_that_is_switched_off()
    {
        options.MaxUnverified = TimeSpan.Zero;
        var off = new InvalidationClock<string>(Options.Create(options), time);
        off.Verify(time.GetTimestamp());
        Assert.False(off.IsCurrent);
    }

    [Fact]
    public async Task The_follower_goes_on_from_where_it_was_and_makes_up_for_what_it_missed()
    {
        // The follower asks, and waits for this test to answer: the clock moves only while it is known where the follower stands.
        var asked = Channel.CreateUnbounded<(string Cursor, TaskCompletionSource<KeyChanges?> Answer)>();
        using var follower = new ChangeFollower<string>("Users", changes, (cursor, _) =>
        {
            var answer = new TaskCompletionSource<KeyChanges?>(TaskCreationOptions.RunContinuationsAsynchronously);
            asked.Writer.TryWrite((cursor, answer));
            return answer.Task;
        }, Options.Create(options), time, NullLogger<ChangeFollower<string>>.Instance);
        var round = options.MaxUnverified / 4;
        await follower.StartAsync(default);

        (await AskedAsync("", current: false)).SetResult(new() { Cursor = "a", Reset = true });
        time.Advance(options.MaxUnverified * 1.5);
        var question = await AskedAsync("a", current: false);
        foreach (var user in (string[])["ada", "bob", "eve"])
            Keep(user);

        question.SetException(new RpcException(new Status(StatusCode.Unavailable, "")));
        time.Advance(round);
        (await AskedAsync("a", current: false)).SetResult(new() { Keys = { "ada" }, Cursor = "b", More = true });
        (await AskedAsync("b", current: false)).SetResult(new() { Keys = { "bob" }, Cursor = "c" });
        time.Advance(round);
        question = await AskedAsync("c", current: true);
        Assert.Null(known.FindCurrent("ada", 10));
        Assert.Null(known.FindCurrent("bob", 10));
        Assert.NotNull(known.FindCurrent("eve", 10));

        question.SetException(new RpcException(new Status(StatusCode.InvalidArgument, "")));
        time.Advance(round);
        (await AskedAsync("", current: true)).SetResult(new() { Cursor = "d", Reset = true });
        time.Advance(round);
        question = await AskedAsync("d", current: true);
        Assert.Null(known.FindCurrent("eve", 10));
        Keep("eve");
        // An answer that does not say what has changed.
        question.SetResult(null);
        time.Advance(round);
        question = await AskedAsync("", current: true);
        Assert.Null(known.FindCurrent("eve", 10));
        question.SetResult(new() { Cursor = "e" });
        await follower.StopAsync(default);

        async Task<TaskCompletionSource<KeyChanges?>> AskedAsync(string cursor, bool current)
        {
            var (from, answer) = await asked.Reader.ReadAsync().AsTask().WaitAsync(Eventually.Timeout);
            Assert.Equal(cursor, from);
            Assert.Equal(current, changes.IsCurrent);
            return answer;
        }
    }

    private Answer<string> Keep(string userId)
    {
        var answer = new Answer<string>("it", 1, 10);
        known.Keep(userId, 10, answer, known.AskedFrom(userId));
        return answer;
    }
}
